// SPDX-License-Identifier: Apache-2.0
/**
 * Netlink without a family: socket, messages, attributes, batches and dumps (RFC 3549, netlink(7)).
 */
package io.jflannel.linux.netlink;
