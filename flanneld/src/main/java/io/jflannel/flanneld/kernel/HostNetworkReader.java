// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.iface.HostNetwork;
import io.jflannel.flanneld.iface.HostNetwork.Address;
import io.jflannel.flanneld.iface.HostNetwork.DefaultRoute;
import io.jflannel.flanneld.iface.HostNetwork.Way;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteFilter;
import io.jflannel.linux.route.RouteLookup;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads from the kernel what the choice of the interface looks at. For one platform thread. */
public final class HostNetworkReader implements AutoCloseable {

  private final RouteSocket kernel = RouteSocket.open();

  /**
   * The whole snapshot. Lists the main table, which may be long.
   *
   * @throws LinuxException if the kernel cannot be asked
   */
  public HostNetwork read() {
    List<LinkAddress> addresses = kernel.addresses();
    List<HostNetwork.Link> links = new ArrayList<>();
    for (Link link : kernel.links()) {
      links.add(link(link, addresses.stream().filter(a -> a.linkIndex() == link.index()).toList()));
    }
    List<DefaultRoute> defaults = new ArrayList<>();
    for (Family family : Family.values()) {
      kernel.routes(RouteFilter.main(family)).stream()
          .filter(route -> route.destination().length() == 0)
          .forEach(route -> defaults.add(defaultRoute(route)));
    }
    return new HostNetwork(links, defaults);
  }

  /**
   * An interface with its addresses; one that somebody else has too (IPv6 duplicate address
   * detection) is none.
   */
  static HostNetwork.Link link(Link link, List<LinkAddress> addresses) {
    return new HostNetwork.Link(
        link.index(),
        link.name(),
        link.mtu(),
        addresses.stream()
            .filter(address -> !address.dadFailed())
            .map(a -> new Address(a.cidr().ip(), a.permanent(), a.deprecated(), a.temporary()))
            .toList());
  }

  private static DefaultRoute defaultRoute(Route route) {
    boolean single = !route.multipath() && route.linkIndex() != 0;
    return new DefaultRoute(
        route.family(), single ? OptionalInt.of(route.linkIndex()) : OptionalInt.empty());
  }

  /** The way to an address; see {@link HostNetwork.RouteTo}. */
  public Optional<Way> routeTo(Ip destination) {
    return switch (kernel.routesTo(List.of(destination)).getFirst()) {
      case RouteLookup.Found(Route route, _) ->
          Optional.of(new Way(route.linkIndex(), route.preferredSource()));
      case RouteLookup.Unreachable unreachable -> Optional.empty();
    };
  }

  @Override
  public void close() {
    kernel.close();
  }
}
