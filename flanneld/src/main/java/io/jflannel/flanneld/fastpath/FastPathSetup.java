// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;

/**
 * Where the fast path lies. All of it is compiled into the programs.
 *
 * @param tunIndex interface index of the TUN device
 * @param underlayIndex interface index of the device towards the peers
 * @param local our IPv4 address on the underlay, which peers send to
 * @param port UDP port of all nodes, source and destination
 * @param network the IPv4 network that all subnets are in
 * @param subnet the own part of it, which packets to peers come from
 * @param mtu the longest inner packet in bytes that fits into the underlay: its MTU less 28
 */
public record FastPathSetup(
    int tunIndex, int underlayIndex, Ip local, int port, Cidr network, Cidr subnet, int mtu) {

  public FastPathSetup {
    if (!local.isV4() || !network.ip().isV4() || !subnet.ip().isV4()) {
      throw new IllegalArgumentException(
          "the fast path is for IPv4, not " + local + ", " + network);
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is not within 1..65535");
    }
    network = network.network();
    subnet = subnet.network();
  }
}
