// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Gateway;
import io.jflannel.flanneld.state.Resource.Via.ViaNexthop;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * When IPv4 routes go through nexthop objects. Plain IPv4 routes on one link are quadratic in the
 * kernel: its fib_info hash ignores the gateway (measured.md). Objects make them linear, but an
 * upstream daemon that takes over cannot delete such routes, so small networks do without.
 */
public enum NexthopObjects {
  /** Above 2,000 routes on a link, and back below 1,000. */
  AUTO,
  /** Plain routes always ({@code --nexthop-objects=never}). */
  NEVER;

  /** More IPv4 routes than this on a link use nexthop objects. */
  static final int ABOVE = 2_000;

  /** Fewer IPv4 routes than this on a link return to plain routes. */
  static final int BELOW = 1_000;

  /** How many IPv4 gateway routes {@code wanted} has on each link. */
  public static Map<String, Integer> routes(State wanted) {
    Map<String, Integer> routes = new HashMap<>();
    for (Resource resource : wanted.all()) {
      if (resource instanceof Route(var destination, Gateway(var device, var _, var _))
          && destination.family() == Family.V4) {
        routes.merge(device, 1, Integer::sum);
      }
    }
    return routes;
  }

  /**
   * The links that shall use objects.
   *
   * @param routes wanted on each link, from {@link #routes}
   * @param actual what uses objects now
   */
  public Set<String> links(Map<String, Integer> routes, State actual) {
    if (this == NEVER) {
      return Set.of();
    }
    Set<String> links = new HashSet<>();
    Set<String> undecided = new HashSet<>();
    routes.forEach((link, count) -> {
      if (count > ABOVE) {
        links.add(link);
      } else if (count >= BELOW) {
        undecided.add(link);
      }
    });
    if (!undecided.isEmpty()) {
      for (Resource resource : actual.all()) {
        if (resource instanceof Nexthop nexthop && undecided.contains(nexthop.device())) {
          links.add(nexthop.device());
        }
      }
    }
    return links;
  }

  /** {@code wanted} with the IPv4 gateway routes of {@code links} going through objects. */
  public static State through(Set<String> links, State wanted) {
    if (links.isEmpty()) {
      return wanted;
    }
    List<Resource> converted = new ArrayList<>(wanted.size() * 2);
    for (Resource resource : wanted.all()) {
      if (resource instanceof Route(var destination, Gateway(var device, var gateway, var onlink))
          && destination.family() == Family.V4
          && links.contains(device)) {
        converted.add(new Nexthop(device, gateway, onlink));
        converted.add(new Route(destination, new ViaNexthop(device, gateway, onlink)));
      } else {
        converted.add(resource);
      }
    }
    return State.of(converted);
  }
}
