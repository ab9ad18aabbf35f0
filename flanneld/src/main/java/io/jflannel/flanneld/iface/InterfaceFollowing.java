// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.iface.HostNetwork.RouteTo;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * What becomes of the chosen interface when its addresses, MTU or index change (P20, P21, P22). The
 * interface itself is chosen once: a node does not move to another network card because a route
 * flapped.
 *
 * <p>Each family is followed by itself. An address that is still there and usable is kept, whatever
 * else has appeared. One that is gone is replaced by what the flags choose now, if that is on the
 * same interface, else by the interface's best one. With nothing to replace it by, it stays.
 */
public final class InterfaceFollowing {

  private InterfaceFollowing() {}

  /** The interface as it is now. Equal to {@code current} if nothing of interest changed. */
  public static ExternalInterface follow(
      ExternalInterface current, Wish wish, HostNetwork host, RouteTo routes) {
    Optional<Link> link = host.named(current.name()).filter(found -> found.mtu() > 0);
    if (link.isEmpty()) {
      return current;
    }
    boolean kept =
        wish.families().stream().allMatch(family -> held(link.get(), current.address(family)));
    Optional<ExternalInterface> again =
        kept ? Optional.empty() : selectedOn(link.get(), wish, host, routes);
    return Announced.external(
        wish,
        link.get(),
        address(current, again, link.get(), wish, Family.V4),
        address(current, again, link.get(), wish, Family.V6));
  }

  private static Optional<Ip> address(
      ExternalInterface current,
      Optional<ExternalInterface> again,
      Link link,
      Wish wish,
      Family family) {
    if (!wish.wants(family) || held(link, current.address(family))) {
      return current.address(family);
    }
    return again
        .flatMap(selected -> selected.address(family))
        .or(() -> AddressPreference.candidates(link, family).stream().findFirst())
        .or(() -> current.address(family));
  }

  /** Loopback addresses that were named by a flag are held although they are no candidates. */
  private static boolean held(Link link, Optional<Ip> ip) {
    return ip.isPresent()
        && link.addresses().stream()
            .anyMatch(address -> address.ip().equals(ip.get()) && !address.deprecated());
  }

  private static Optional<ExternalInterface> selectedOn(
      Link link, Wish wish, HostNetwork host, RouteTo routes) {
    return switch (InterfaceSelection.select(wish, host, routes)) {
      case Selection.Found found when found.external().name().equals(link.name()) ->
          Optional.of(found.external());
      case Selection.Found elsewhere -> Optional.empty();
      case Selection.None none -> Optional.empty();
    };
  }
}
