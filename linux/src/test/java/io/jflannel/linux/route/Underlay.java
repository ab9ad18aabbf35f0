// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;

/**
 * What a host has before an overlay comes: eth0 (one end of a veth pair, the other is wire0), up,
 * with 10.77.0.1/24 and fd77::1/64.
 *
 * @param socket in the namespace
 * @param link index of eth0
 */
record Underlay(RouteSocket socket, int link) {

  static Underlay create(RouteSocket socket) {
    socket.execute(new Request.SetLinkUp(socket.link("lo").orElseThrow().index(), true));
    socket.execute(new Request.AddVeth("eth0", "wire0", Optional.empty()));
    int link = socket.link("eth0").orElseThrow().index();
    socket.execute(new Request.SetLinkUp(link, true));
    socket.execute(new Request.SetLinkUp(socket.link("wire0").orElseThrow().index(), true));
    socket.execute(new Request.AddAddress(LinkAddress.of(link, Cidr.parse("10.77.0.1/24"))));
    socket.execute(
        new Request.AddAddress(
            new LinkAddress(link, Cidr.parse("fd77::1/64"), Route.UNIVERSE, LinkAddress.NODAD)));
    return new Underlay(socket, link);
  }

  /** A vxlan device, VNI 1, up; returns its index. */
  int vxlan(String name) {
    Vxlan vxlan = Vxlan.of(1, link, Ip.parse("10.77.0.1"), 0);
    Optional<MacAddress> mac = Optional.of(MacAddress.parse("0e:ff:ff:ff:ff:ff"));
    socket.execute(new Request.AddVxlan(name, 0, mac, vxlan));
    int index = socket.link(name).orElseThrow().index();
    socket.execute(new Request.SetLinkUp(index, true));
    return index;
  }
}
