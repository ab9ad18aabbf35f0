// SPDX-License-Identifier: Apache-2.0
/** Addresses as values: IP addresses, prefixes and MAC addresses. Pure: no I/O, no resolver. */
package io.jflannel.net;
