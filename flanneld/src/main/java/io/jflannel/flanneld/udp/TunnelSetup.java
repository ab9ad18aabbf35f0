// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * What a tunnel is opened with.
 *
 * @param device name of the TUN device; with {@code %d} the first free number
 * @param local the IPv4 address that datagrams are received and sent at
 * @param port of this host and of all peers
 * @param network the flannel network
 * @param datapath the one to use; empty: the best that the kernel knows
 */
public record TunnelSetup(
    String device, Ip local, int port, Cidr network, Optional<Datapath> datapath) {

  TunnelSetup at(Ip newLocal, int newPort) {
    return new TunnelSetup(device, newLocal, newPort, network, datapath);
  }

  TunnelSetup withDevice(String name) {
    return new TunnelSetup(name, local, port, network, datapath);
  }
}
