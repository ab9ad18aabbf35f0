// SPDX-License-Identifier: Apache-2.0
/**
 * TUN devices and batches of datagrams for a user-space tunnel. Calls take memory outside of the
 * heap and allocate nothing; where a call may fail in normal operation it returns the negative
 * errno instead of throwing.
 */
@org.jspecify.annotations.NullMarked
package io.jflannel.linux.tun;
