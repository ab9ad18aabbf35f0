// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How the external interface is followed when its index, MTU or addresses change (P20, P22). An
 * address that is still there stays; else the best one of that family takes its place (backends.md
 * 16.5). A published address follows only if it was the interface's own.
 */
final class FollowedInterface {

  private FollowedInterface() {}

  /** Absent if a family that had an address has none left. */
  static Optional<ExternalInterface> now(
      ExternalInterface last, Link link, List<LinkAddress> addresses) {
    Optional<Ip> address4 = last.address4().flatMap(old -> address(old, addresses));
    Optional<Ip> address6 = last.address6().flatMap(old -> address(old, addresses));
    if (address4.isPresent() != last.address4().isPresent()
        || address6.isPresent() != last.address6().isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        new ExternalInterface(
            last.name(),
            link.index(),
            link.mtu(),
            address4,
            address6,
            last.public4().equals(last.address4()) ? address4 : last.public4(),
            last.public6().equals(last.address6()) ? address6 : last.public6()));
  }

  private static Optional<Ip> address(Ip old, List<LinkAddress> addresses) {
    Family family = old.family();
    List<LinkAddress> usable =
        addresses.stream()
            .filter(address -> address.cidr().family() == family)
            .filter(address -> !address.dadFailed())
            .toList();
    if (usable.stream().anyMatch(address -> address.cidr().ip().equals(old))) {
      return Optional.of(old);
    }
    return usable.stream()
        .filter(address -> !address.deprecated() && !address.tentative())
        .filter(
            address -> address.cidr().ip().isGlobalUnicast() || address.cidr().ip().isLinkLocal())
        .sorted(
            Comparator.comparing((LinkAddress address) -> address.cidr().ip().isLinkLocal())
                .thenComparing(address -> !address.permanent())
                .thenComparing(LinkAddress::temporary))
        .map(address -> address.cidr().ip())
        .findFirst();
  }
}
