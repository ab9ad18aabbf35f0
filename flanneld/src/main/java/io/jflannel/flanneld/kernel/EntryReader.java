// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.linux.route.FdbEntry;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.Neighbour;
import io.jflannel.linux.route.Nexthop;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteFilter;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.route.RouteType;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads stage 2: routes of the main table with protocol boot inside our network, on whatever link;
 * neighbours, FDB entries and nexthop objects of our devices.
 */
final class EntryReader {

  /** The metric the kernel gives to IPv6 routes that name none (IP6_RT_PRIO_USER). */
  static final int METRIC_V6 = 1024;

  private final RouteSocket socket;
  private final LinkNames names;
  private final NexthopIds ids;
  private final Tunnels tunnels;

  EntryReader(RouteSocket socket, LinkNames names, NexthopIds ids, Tunnels tunnels) {
    this.socket = socket;
    this.names = names;
    this.ids = ids;
    this.tunnels = tunnels;
  }

  State read(Ownership ownership) {
    List<Resource> found = new ArrayList<>();
    Set<Integer> devices = new TreeSet<>();
    for (String name : ownership.devices()) {
      Optional<Link> link = socket.link(name);
      if (link.isPresent() && link.get().vxlan().isPresent()) {
        devices.add(names.noted(link.get()).index());
        addDeviceEntries(link.get(), found);
      }
    }
    Optional<Tunnels.Open> tunnel = tunnels.present();
    tunnel.ifPresent(
        open -> open.peers().forEach((s, p) -> found.add(new TunnelPeer(s, p.host(), p.kernel()))));
    Optional<Link> tun = tunnel.flatMap(open -> socket.link(open.device()));
    tun.ifPresent(link -> addNetworkRoute(names.noted(link), ownership, found));
    for (Family family : Family.values()) {
      if (ownership.network(family).isPresent()) {
        addRoutes(family, ownership, devices, found);
      }
    }
    return State.of(found);
  }

  /** All that is not a peer's goes into the tunnel too, and is answered there. */
  private void addNetworkRoute(Link link, Ownership ownership, List<Resource> found) {
    for (Route route : socket.routes(RouteFilter.main(Family.V4).withProtocol(Route.BOOT))) {
      if (ownership.network4().equals(Optional.of(route.destination()))
          && route.linkIndex() == link.index()
          && route.gateway().isEmpty()
          && ordinary(route)) {
        found.add(new Resource.Route(route.destination(), new Via.Direct(link.name())));
      }
    }
  }

  /** Entries that the kernel learned, and those for floods, are not ours. */
  private void addDeviceEntries(Link link, List<Resource> found) {
    for (Family family : Family.values()) {
      for (Neighbour entry : socket.neighbours(link.index(), family)) {
        if (entry.permanent() && entry.mac().isPresent()) {
          found.add(new Resource.Neighbour(link.name(), entry.ip(), entry.mac().get()));
        }
      }
    }
    for (FdbEntry entry : socket.fdb(link.index())) {
      if (entry.permanent()
          && entry.remote().isPresent()
          && entry.mac().isUnicast()
          && !entry.mac().isZero()) {
        found.add(new Resource.FdbEntry(link.name(), entry.mac(), entry.remote().get()));
      }
    }
  }

  private void addRoutes(
      Family family, Ownership ownership, Set<Integer> devices, List<Resource> found) {
    List<Route> routes = socket.routes(RouteFilter.main(family).withProtocol(Route.BOOT));
    Map<Integer, Nexthop> nexthops = Map.of();
    if (family == Family.V4) {
      nexthops = readNexthops(ownership, routes, devices);
      found.addAll(ids.resources());
    }
    for (Route route : routes) {
      if (ownership.inside(route.destination()) && ordinary(route)) {
        found.add(new Resource.Route(route.destination(), via(route, nexthops)));
      }
    }
    addContested(family, ownership, found);
  }

  /** Ours: on our devices all, on others those that only our routes use. */
  private Map<Integer, Nexthop> readNexthops(
      Ownership ownership, List<Route> routes, Set<Integer> devices) {
    Set<Integer> links = new TreeSet<>(devices);
    Set<Integer> others = new TreeSet<>();
    for (Route route : routes) {
      if (route.nexthopId() == 0) {
        continue;
      }
      if (ownership.inside(route.destination())) {
        links.add(route.linkIndex());
      } else {
        others.add(route.nexthopId());
      }
    }
    links.remove(0);
    Map<Integer, Nexthop> nexthops = new HashMap<>();
    ids.foreign(others);
    for (int link : links) {
      for (Nexthop nexthop : ids.read(link)) {
        nexthops.put(nexthop.id(), nexthop);
      }
    }
    return nexthops;
  }

  /** With the key that a route of ours would have. */
  private static boolean ordinary(Route route) {
    return route.tos() == 0
        && route.metric() == (route.family() == Family.V4 ? 0 : METRIC_V6)
        && (route.family() == Family.V6 || route.scope() == Route.UNIVERSE || route.multipath());
  }

  private Via via(Route route, Map<Integer, Nexthop> nexthops) {
    if (route.type() == RouteType.BLACKHOLE) {
      return new Via.Blackhole();
    }
    if (route.type() != RouteType.UNICAST || route.multipath()) {
      return new Via.Foreign(route.multipath() ? "multipath" : "type " + route.type());
    }
    if (route.nexthopId() != 0) {
      Nexthop nexthop = nexthops.get(route.nexthopId());
      return nexthop == null || nexthop.gateway().isEmpty()
          ? new Via.Foreign("nexthop object " + route.nexthopId())
          : new Via.ViaNexthop(
              names.name(nexthop.linkIndex()), nexthop.gateway().get(), nexthop.onlink());
    }
    return route.gateway().isEmpty() || route.gateway().get().family() != route.family()
        ? new Via.Foreign("dev " + names.name(route.linkIndex()))
        : new Via.Gateway(names.name(route.linkIndex()), route.gateway().get(), route.onlink());
  }

  /** Others' routes to where ours gives way: of any protocol and metric. */
  private void addContested(Family family, Ownership ownership, List<Resource> found) {
    if (ownership.contested().stream().noneMatch(cidr -> cidr.family() == family)) {
      return;
    }
    for (Route route : socket.routes(RouteFilter.main(family))) {
      if (ownership.contested().contains(route.destination())
          && !(route.protocol() == Route.BOOT && ordinary(route))) {
        String by = "protocol " + route.protocol() + " dev " + names.name(route.linkIndex());
        found.add(new Resource.Route(route.destination(), new Via.Foreign(by)));
      }
    }
  }
}
