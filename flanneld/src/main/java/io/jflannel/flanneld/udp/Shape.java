// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/**
 * What the kernel does for a tunnel.
 *
 * @param header whether packets of the TUN device have a header that says what is left to do
 * @param largeUdp whether large UDP packets may be written to the TUN device
 * @param cuts whether the socket cuts messages into datagrams
 * @param groups whether the socket puts datagrams together
 * @param batch whether a call carries many messages
 */
record Shape(boolean header, boolean largeUdp, boolean cuts, boolean groups, boolean batch) {}
