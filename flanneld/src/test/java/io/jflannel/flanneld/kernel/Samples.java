// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Resources that the tests of this package share: the network of golden G1. */
final class Samples {

  static final Cidr NETWORK = Cidr.parse("10.244.0.0/16");
  static final Cidr NETWORK6 = Cidr.parse("fd00:10:244::/48");
  static final List<Cidr> HOST = List.of(Cidr.parse("10.77.0.1/24"), Cidr.parse("fd77::1/64"));
  static final MacAddress OWN = MacAddress.parse("ee:fc:d0:91:f1:16");
  static final MacAddress OWN6 = MacAddress.parse("ce:fa:42:89:c7:4c");
  static final Ownership OWNERSHIP =
      new Ownership(
          Optional.of(NETWORK),
          Optional.of(NETWORK6),
          Set.of("flannel.1", "flannel-v6.1"),
          Set.of());

  private Samples() {}

  static VxlanDevice flannel1() {
    return vxlan("flannel.1", 1, 0, "10.77.0.1", OWN, 1450);
  }

  static VxlanDevice flannelV6() {
    return vxlan("flannel-v6.1", 1, 0, "fd77::1", OWN6, 1430);
  }

  static VxlanDevice vxlan(String name, int vni, int port, String local, MacAddress mac, int mtu) {
    return new VxlanDevice(
        name,
        vni,
        port,
        Optional.of("eth0"),
        Optional.of(Ip.parse(local)),
        mac,
        mtu,
        false,
        false,
        true,
        true);
  }

  static DeviceAddress address(String device, String cidr) {
    return new DeviceAddress(device, Cidr.parse(cidr));
  }

  static MacAddress mac(int number) {
    return new MacAddress(0x0a_00_00_00_00_00L + number);
  }

  static Neighbour neighbour(int peer, int mac) {
    return new Neighbour("flannel.1", Ip.parse("10.244." + peer + ".0"), mac(mac));
  }

  static FdbEntry fdb(int mac, int host) {
    return new FdbEntry("flannel.1", mac(mac), Ip.parse("10.77.0." + host));
  }

  /** Through the tunnel. */
  static Route tunnel(int peer) {
    Ip gateway = Ip.parse("10.244." + peer + ".0");
    return new Route(new Cidr(gateway, 24), new Via.Gateway("flannel.1", gateway, true));
  }

  static Route tunnel6(int peer) {
    Ip gateway = Ip.parse("fd00:10:244:" + peer + "::");
    return new Route(new Cidr(gateway, 64), new Via.Gateway("flannel-v6.1", gateway, true));
  }

  static Route direct(int peer, int host) {
    return new Route(
        Cidr.parse("10.244." + peer + ".0/24"),
        new Via.Gateway("eth0", Ip.parse("10.77.0." + host), false));
  }

  static Route direct6(int peer, int host) {
    return new Route(
        Cidr.parse("fd00:10:244:" + peer + "::/64"),
        new Via.Gateway("eth0", Ip.parse("fd77::" + host), false));
  }
}
