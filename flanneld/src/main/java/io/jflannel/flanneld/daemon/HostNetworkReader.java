// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

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
final class HostNetworkReader implements AutoCloseable {

  private final RouteSocket kernel = RouteSocket.open();

  /**
   * The whole snapshot. Lists the main table, which may be long.
   *
   * @throws LinuxException if the kernel cannot be asked
   */
  HostNetwork read() {
    List<LinkAddress> addresses = kernel.addresses();
    List<HostNetwork.Link> links = new ArrayList<>();
    for (Link link : kernel.links()) {
      List<Address> own =
          addresses.stream()
              .filter(address -> address.linkIndex() == link.index() && !address.dadFailed())
              .map(HostNetworkReader::address)
              .toList();
      links.add(new HostNetwork.Link(link.index(), link.name(), link.mtu(), own));
    }
    List<DefaultRoute> defaults = new ArrayList<>();
    for (Family family : Family.values()) {
      kernel.routes(RouteFilter.main(family)).stream()
          .filter(route -> route.destination().length() == 0)
          .forEach(route -> defaults.add(defaultRoute(route)));
    }
    return new HostNetwork(links, defaults);
  }

  private static Address address(LinkAddress address) {
    return new Address(
        address.cidr().ip(), address.permanent(), address.deprecated(), address.temporary());
  }

  private static DefaultRoute defaultRoute(Route route) {
    boolean single = !route.multipath() && route.linkIndex() != 0;
    return new DefaultRoute(
        route.family(), single ? OptionalInt.of(route.linkIndex()) : OptionalInt.empty());
  }

  /** The way to an address; see {@link HostNetwork.RouteTo}. */
  Optional<Way> routeTo(Ip destination) {
    return switch (kernel.routesTo(List.of(destination)).getFirst()) {
      case RouteLookup.Found(Route route) ->
          Optional.of(new Way(route.linkIndex(), route.preferredSource()));
      case RouteLookup.Unreachable unreachable -> Optional.empty();
    };
  }

  @Override
  public void close() {
    kernel.close();
  }
}
