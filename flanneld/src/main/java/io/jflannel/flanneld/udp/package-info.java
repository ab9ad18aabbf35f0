// SPDX-License-Identifier: Apache-2.0
/**
 * The user-space data path of the backend udp: packets from a TUN device into datagrams and back
 * (backends.md 6). Two platform threads that allocate nothing while packets flow.
 */
@org.jspecify.annotations.NullMarked
package io.jflannel.flanneld.udp;
