// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The addresses that peers are told (IF-10): {@code --public-ip} or the interface's own. */
final class Announced {

  private Announced() {}

  /** What is wrong with {@code --public-ip} and {@code --public-ipv6} (ODD-9, ODD-12). */
  static List<String> problems(Wish wish) {
    List<String> problems = new ArrayList<>();
    for (Family family : Family.values()) {
      String text = wish.publicText(family);
      String flag = (family == Family.V4 ? "--public-ip=" : "--public-ipv6=") + text;
      if (!text.isEmpty() && literal(text).filter(ip -> ip.family() == family).isEmpty()) {
        problems.add(flag + ": no " + family + " address");
      }
    }
    return problems;
  }

  /** The address that {@code text} writes; empty if it is none. */
  static Optional<Ip> literal(String text) {
    try {
      return Optional.of(Ip.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static ExternalInterface external(Wish wish, Link link, Optional<Ip> v4, Optional<Ip> v6) {
    return new ExternalInterface(
        link.name(), link.index(), link.mtu(), v4, v6, told(wish, v4), told(wish, v6));
  }

  private static Optional<Ip> told(Wish wish, Optional<Ip> own) {
    return own.map(ip -> literal(wish.publicText(ip.family())).orElse(ip));
  }
}
