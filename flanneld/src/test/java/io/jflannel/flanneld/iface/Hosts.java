// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Address;
import io.jflannel.flanneld.iface.HostNetwork.DefaultRoute;
import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.iface.HostNetwork.RouteTo;
import io.jflannel.flanneld.iface.HostNetwork.Way;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/** The hosts of the golden file (section 8) and of spec 4.7. */
final class Hosts {

  static final int ETH0 = 2;
  static final int DUMMY0 = 3;
  static final int OTHER = 4;

  static final Link LO = link(1, "lo", "127.0.0.1", "::1");
  static final Link NODE_ETH0 = link(ETH0, "eth0", "10.77.0.1", "fd77::1", "fe80::2");
  static final Link FIXTURE_DUMMY0 =
      link(
          DUMMY0,
          "dummy0",
          "1.10.100.1",
          "192.168.200.128",
          "172.16.30.18",
          "172.16.31.200",
          "172.16.32.100",
          "2001:db8::1",
          "fe80::3");

  /** Node 1. */
  static final HostNetwork NODE = host(LO, NODE_ETH0);

  /** Node 1 with fixture F. */
  static final HostNetwork NODE_F = host(LO, NODE_ETH0, FIXTURE_DUMMY0);

  static final RouteTo ROUTES =
      destination ->
          Optional.ofNullable(
              Map.of(
                      "127.0.0.1", way(1, "127.0.0.1"),
                      "10.77.0.254", way(ETH0, "10.77.0.1"),
                      "8.8.8.8", way(ETH0, "10.77.0.1"),
                      "172.16.32.254", way(DUMMY0, "172.16.32.100"))
                  .get(destination.toString()));

  private Hosts() {}

  static HostNetwork host(Link... links) {
    return new HostNetwork(
        List.of(links), List.of(defaultRoute(Family.V4, ETH0), defaultRoute(Family.V6, ETH0)));
  }

  static Link link(int index, String name, String... addresses) {
    return new Link(index, name, 1500, Stream.of(addresses).map(Hosts::permanent).toList());
  }

  static Link link(int index, String name, Address... addresses) {
    return new Link(index, name, 1500, List.of(addresses));
  }

  static Address permanent(String ip) {
    return new Address(Ip.parse(ip), true, false, false);
  }

  static Address limited(String ip) {
    return new Address(Ip.parse(ip), false, false, false);
  }

  static Address deprecated(String ip) {
    return new Address(Ip.parse(ip), false, true, false);
  }

  static Address temporary(String ip) {
    return new Address(Ip.parse(ip), false, false, true);
  }

  static DefaultRoute defaultRoute(Family family, int link) {
    return new DefaultRoute(family, OptionalInt.of(link));
  }

  private static Way way(int link, String source) {
    return new Way(link, Optional.of(Ip.parse(source)));
  }

  /** A wish from flags as they stand in the golden file: {@code -iface eth0 -public-ip 1.2.3.4}. */
  static Wish wish(String mode, String flags) {
    List<String> ifaces = new ArrayList<>();
    List<String> regexes = new ArrayList<>();
    String canReach = "";
    String publicIp = "";
    String publicIpv6 = "";
    String[] words = flags.isEmpty() ? new String[0] : flags.split(" ", -1);
    for (int i = 0; i + 1 < words.length; i += 2) {
      String value = words[i + 1];
      switch (words[i]) {
        case "-iface" -> ifaces.add(value);
        case "-iface-regex" -> regexes.add(value);
        case "-iface-can-reach" -> canReach = value;
        case "-public-ip" -> publicIp = value;
        case "-public-ipv6" -> publicIpv6 = value;
        default -> throw new IllegalArgumentException(words[i]);
      }
    }
    return new Wish(families(mode), ifaces, regexes, canReach, publicIp, publicIpv6);
  }

  private static Set<Family> families(String mode) {
    return switch (mode) {
      case "v4" -> Set.of(Family.V4);
      case "v6" -> Set.of(Family.V6);
      case "dual" -> Set.of(Family.V4, Family.V6);
      default -> throw new IllegalArgumentException(mode);
    };
  }
}
