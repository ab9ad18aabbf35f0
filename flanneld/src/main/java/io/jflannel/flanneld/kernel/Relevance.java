// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Kernel.Disturbance;
import io.jflannel.flanneld.state.Kernel.Interest;
import io.jflannel.flanneld.state.Kernel.Ways;
import io.jflannel.flanneld.state.Kernel.What;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.linux.route.FdbEntry;
import io.jflannel.linux.route.Neighbour;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteEvent;
import io.jflannel.linux.route.RouteType;
import java.util.Map;
import java.util.Optional;

/**
 * Whether an event of the kernel is news. It is none if it tells what we want anyway, or the end of
 * what we do not want: so our own changes cause no further pass, although the kernel does not say
 * who changed an FDB.
 *
 * @param interest what concerns us
 * @param names the names of the links that concern us, by index
 * @param ownPort our own netlink port
 */
record Relevance(Interest interest, Map<Integer, String> names, int ownPort) {

  Optional<Disturbance> of(RouteEvent event) {
    return switch (event) {
      case RouteEvent.LinkChanged(var link, int port) ->
          disturbance(concerns(link.name()) || names.containsKey(link.index()), What.DEVICE, port);
      case RouteEvent.LinkGone(var link, int port) ->
          disturbance(concerns(link.name()), What.DEVICE, port);
      case RouteEvent.AddressChanged(var address, int port) ->
          disturbance(names.containsKey(address.linkIndex()), What.ADDRESS, port);
      case RouteEvent.AddressGone(var address, int port) ->
          disturbance(names.containsKey(address.linkIndex()), What.ADDRESS, port);
      case RouteEvent.RouteChanged(var route, int port) ->
          disturbance(changed(route), What.ROUTE, port);
      case RouteEvent.RouteGone(var route, int port) -> disturbance(gone(route), What.ROUTE, port);
      case RouteEvent.NeighbourChanged(var entry, int port) ->
          disturbance(changed(entry), What.NEIGHBOUR, port);
      case RouteEvent.NeighbourGone(var entry, int port) ->
          disturbance(gone(entry), What.NEIGHBOUR, port);
      case RouteEvent.FdbChanged(var entry, int port) ->
          disturbance(changed(entry), What.FDB, port);
      case RouteEvent.FdbGone(var entry, int port) -> disturbance(gone(entry), What.FDB, port);
      case RouteEvent.NexthopChanged _ -> Optional.empty();
      case RouteEvent.NexthopGone(var nexthop, int port) ->
          disturbance(nexthop.protocol() == NexthopIds.PROTOCOL, What.NEXTHOP, port);
      case RouteEvent.Overflow() -> Optional.of(new Disturbance(What.UNKNOWN, 0));
    };
  }

  private Optional<Disturbance> disturbance(boolean news, What what, int port) {
    return news && port != ownPort ? Optional.of(new Disturbance(what, port)) : Optional.empty();
  }

  boolean concerns(String link) {
    return interest.ownership().devices().contains(link) || interest.parent().equals(link);
  }

  /** The name of one of our devices. */
  private Optional<String> device(int index) {
    return Optional.ofNullable(names.get(index))
        .filter(name -> interest.ownership().devices().contains(name));
  }

  private boolean changed(Route route) {
    if (route.table() != Route.MAIN) {
      return false;
    }
    if (interest.ownership().contested().contains(route.destination())) {
      return true;
    }
    if (!concerns(route)) {
      return interest.ways() == Ways.MATTER;
    }
    return interest
        .wanted()
        .get(new Key.RouteTo(route.destination()))
        .map(wanted -> !same(((Resource.Route) wanted).via(), route))
        .orElse(route.protocol() == Route.BOOT);
  }

  /** Whether its destination is one of ours; the whole network is one if there is a tunnel. */
  private boolean concerns(Route route) {
    return interest.ownership().inside(route.destination())
        || interest.wanted().has(new Key.RouteTo(route.destination()));
  }

  /** Whether {@code route} goes the wanted way, as far as an event shows it. */
  private static boolean same(Via via, Route route) {
    return switch (via) {
      case Via.Gateway gateway ->
          route.nexthopId() == 0
              && route.gateway().equals(Optional.of(gateway.gateway()))
              && route.onlink() == gateway.onlink();
      case Via.ViaNexthop nexthop ->
          route.nexthopId() != 0 && route.gateway().equals(Optional.of(nexthop.gateway()));
      case Via.Direct _ -> route.nexthopId() == 0 && route.gateway().isEmpty();
      case Via.Blackhole() -> route.type() == RouteType.BLACKHOLE;
      case Via.Foreign _ -> false;
    };
  }

  private boolean gone(Route route) {
    if (route.table() != Route.MAIN) {
      return false;
    }
    return concerns(route)
        ? interest.wanted().has(new Key.RouteTo(route.destination()))
            || interest.ownership().contested().contains(route.destination())
        : interest.ways() == Ways.MATTER;
  }

  private boolean changed(Neighbour entry) {
    Optional<String> device = device(entry.linkIndex());
    if (device.isEmpty()) {
      return false;
    }
    Optional<Resource> wanted =
        interest.wanted().get(new Key.NeighbourEntry(device.get(), entry.ip()));
    if (wanted.isEmpty()) {
      return entry.permanent();
    }
    return !(entry.permanent()
        && entry.mac().equals(Optional.of(((Resource.Neighbour) wanted.get()).mac())));
  }

  private boolean gone(Neighbour entry) {
    return device(entry.linkIndex())
        .filter(name -> interest.wanted().has(new Key.NeighbourEntry(name, entry.ip())))
        .isPresent();
  }

  private boolean changed(FdbEntry entry) {
    Optional<String> device = device(entry.linkIndex());
    if (device.isEmpty()) {
      return false;
    }
    Optional<Resource> wanted = interest.wanted().get(new Key.Fdb(device.get(), entry.mac()));
    if (wanted.isEmpty()) {
      return entry.permanent();
    }
    return !(entry.permanent()
        && entry.remote().equals(Optional.of(((Resource.FdbEntry) wanted.get()).remote())));
  }

  private boolean gone(FdbEntry entry) {
    return device(entry.linkIndex())
        .filter(name -> interest.wanted().has(new Key.Fdb(name, entry.mac())))
        .isPresent();
  }
}
