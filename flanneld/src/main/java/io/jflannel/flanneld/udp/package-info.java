// SPDX-License-Identifier: Apache-2.0
/**
 * The user-space data path of the backend {@code udp}: one complete IPv4 packet per UDP datagram
 * between a TUN device and the other nodes (section 6 of the specification). It sets neither
 * address nor route: that is the reconcile loop's.
 *
 * <p>Packet arithmetic ({@link io.jflannel.flanneld.udp.Checksum}, {@code Ipv4}, {@code Admission},
 * {@code Segmentation}, {@code Coalescing}) is apart from what moves packets ({@code Outbound},
 * {@code Inbound} and their senders and receivers). None of it allocates once it runs.
 */
@NullMarked
package io.jflannel.flanneld.udp;

import org.jspecify.annotations.NullMarked;
