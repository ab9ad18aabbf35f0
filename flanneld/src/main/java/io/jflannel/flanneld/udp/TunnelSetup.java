// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * What a tunnel is made of.
 *
 * @param device name of the TUN device, for which one with another number is taken if it is in use,
 *     or a template such as {@code flannel%d}
 * @param local IPv4 address that the socket is bound to
 * @param port of the socket and of every peer's, 1..65535
 * @param network the whole flannel network: what the tunnel may carry
 * @param subnet the own part of it; its first address is the TUN's
 * @param mtu that the owner gives to the device, at least 68 (RFC 791)
 * @param datapath empty for the best that the kernel can do; otherwise the best tried
 */
public record TunnelSetup(
    String device,
    Ip local,
    int port,
    Cidr network,
    Cidr subnet,
    int mtu,
    Optional<Datapath> datapath) {

  public TunnelSetup {
    if (!local.isV4() || !network.ip().isV4() || !subnet.ip().isV4()) {
      throw new IllegalArgumentException("udp carries IPv4 over IPv4 only");
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " is not within 1..65535");
    }
    if (!network.contains(subnet)) {
      throw new IllegalArgumentException(subnet + " is not within " + network);
    }
    if (mtu < 68) {
      throw new IllegalArgumentException("MTU " + mtu + " is below 68");
    }
  }

  TunnelSetup named(String newDevice) {
    return new TunnelSetup(newDevice, local, port, network, subnet, mtu, datapath);
  }

  TunnelSetup owning(Cidr newSubnet) {
    return new TunnelSetup(device, local, port, network, newSubnet, mtu, datapath);
  }

  TunnelSetup with(Ip newLocal, int newPort, Cidr newSubnet, int newMtu) {
    return new TunnelSetup(device, newLocal, newPort, network, newSubnet, newMtu, datapath);
  }
}
