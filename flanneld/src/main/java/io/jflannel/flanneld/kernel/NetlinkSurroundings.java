// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.iface.InterfaceFollowing;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteLookup;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.route.RouteType;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Asks the kernel about the external interface and about the way to peers. */
final class NetlinkSurroundings implements Surroundings {

  private final RouteSocket socket;

  NetlinkSurroundings(RouteSocket socket) {
    this.socket = socket;
  }

  @Override
  public Optional<ExternalInterface> follow(ExternalInterface last) {
    Optional<Link> link = socket.link(last.name());
    return link.isEmpty()
        ? Optional.empty()
        : InterfaceFollowing.follow(
            last, HostNetworkReader.link(link.get(), socket.addresses(link.get().index())));
  }

  @Override
  public List<Reach> reach(Collection<Ip> addresses) {
    LinkNames names = new LinkNames(socket);
    List<Reach> reaches = new ArrayList<>(addresses.size());
    for (RouteLookup lookup : socket.routesTo(List.copyOf(addresses))) {
      reaches.add(
          switch (lookup) {
            case RouteLookup.Found(var route, var mtu) -> reach(route, mtu, names);
            case RouteLookup.Unreachable _ -> new Reach.Unknown();
          });
    }
    return reaches;
  }

  /** An address of this host is no gateway. */
  private static Reach reach(Route route, int mtu, LinkNames names) {
    if (route.type() != RouteType.UNICAST || route.multipath()) {
      return new Reach.Unknown();
    }
    String device = names.name(route.linkIndex());
    return route.gateway().isPresent()
        ? new Reach.Gatewayed(device, mtu)
        : new Reach.Direct(device, mtu);
  }
}
