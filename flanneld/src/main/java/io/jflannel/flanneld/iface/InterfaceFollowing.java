// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * What becomes of the chosen interface when its addresses, MTU or index change (P20, P21, P22). The
 * interface itself is chosen once: a node does not move to another network card because a route
 * flapped.
 *
 * <p>Each family is followed by itself. An address that is still there and not deprecated is kept,
 * whatever else has appeared; else the interface's best one takes its place (IF-8), but no
 * link-local one that of a global one: a link that goes down for a moment loses its IPv6 addresses,
 * and the link-local one is back before the others. A published address follows only if it was the
 * interface's own.
 */
public final class InterfaceFollowing {

  private InterfaceFollowing() {}

  /**
   * The interface as it is now; equal to {@code last} if nothing of interest changed. Empty if a
   * family that had an address has none left.
   *
   * @param link the interface of that name, whatever its index is now
   */
  public static Optional<ExternalInterface> follow(ExternalInterface last, Link link) {
    Optional<Ip> v4 = last.address4().flatMap(old -> address(old, link));
    Optional<Ip> v6 = last.address6().flatMap(old -> address(old, link));
    if (v4.isPresent() != last.address4().isPresent()
        || v6.isPresent() != last.address6().isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        new ExternalInterface(
            last.name(),
            link.index(),
            link.mtu(),
            v4,
            v6,
            published(last, v4, Family.V4),
            published(last, v6, Family.V6)));
  }

  /** Of two deprecated addresses the old one stays. */
  private static Optional<Ip> address(Ip old, Link link) {
    if (link.addresses().stream().anyMatch(a -> a.ip().equals(old) && !a.deprecated())) {
      return Optional.of(old);
    }
    return AddressPreference.candidates(link, old.family()).stream()
        .filter(candidate -> old.isLinkLocal() || !candidate.isLinkLocal())
        .findFirst()
        .or(() -> Optional.of(old).filter(link::holds));
  }

  private static Optional<Ip> published(ExternalInterface last, Optional<Ip> now, Family family) {
    return last.publicIp(family).equals(last.address(family)) ? now : last.publicIp(family);
  }
}
