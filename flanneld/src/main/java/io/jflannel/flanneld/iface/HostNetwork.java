// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the choice of an interface looks at, read once.
 *
 * @param links in kernel order
 * @param defaultRoutes of the main table, in kernel order: the lowest metric comes first
 */
public record HostNetwork(List<Link> links, List<DefaultRoute> defaultRoutes) {

  public HostNetwork {
    links = List.copyOf(links);
    defaultRoutes = List.copyOf(defaultRoutes);
  }

  /**
   * A network interface.
   *
   * @param mtu in bytes
   * @param addresses of both families, in kernel order
   */
  public record Link(int index, String name, int mtu, List<Address> addresses) {
    public Link {
      addresses = List.copyOf(addresses);
    }

    /** Whether the interface has exactly this address, in whatever state. */
    public boolean holds(Ip ip) {
      return addresses.stream().anyMatch(address -> address.ip().equals(ip));
    }
  }

  /**
   * An address of an interface.
   *
   * @param permanent without a limited lifetime (IFA_F_PERMANENT)
   * @param deprecated not for new connections (IFA_F_DEPRECATED)
   * @param temporary a privacy address (IFA_F_TEMPORARY; IPv6 only)
   */
  public record Address(Ip ip, boolean permanent, boolean deprecated, boolean temporary) {}

  /**
   * A route of the main table to everywhere.
   *
   * @param link index of its only output interface; empty if it has several
   */
  public record DefaultRoute(Family family, OptionalInt link) {}

  /** Asks the kernel which way a packet to an address would take. */
  @FunctionalInterface
  public interface RouteTo {
    /** Empty if there is no route. */
    Optional<Way> ask(Ip destination);
  }

  /**
   * The kernel's answer.
   *
   * @param link index of the output interface
   * @param source the source address it prefers, if it names one
   */
  public record Way(int link, Optional<Ip> source) {}

  Optional<Link> named(String name) {
    return links.stream().filter(link -> link.name().equals(name)).findFirst();
  }

  Optional<Link> indexed(int index) {
    return links.stream().filter(link -> link.index() == index).findFirst();
  }

  Optional<Link> holding(Ip ip) {
    return links.stream().filter(link -> link.holds(ip)).findFirst();
  }

  /** What exists, for error messages: {@code lo 127.0.0.1 ::1, eth0 192.0.2.7}. */
  String description() {
    return links.isEmpty()
        ? "none"
        : links.stream()
            .map(link ->
                Stream.concat(
                        Stream.of(link.name()),
                        link.addresses().stream().map(address -> address.ip().toString()))
                    .collect(Collectors.joining(" ")))
            .collect(Collectors.joining(", "));
  }
}
