// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.net.Family;
import java.util.List;
import java.util.Set;

/**
 * What the flags say about the interface. Empty text means "not given".
 *
 * @param families the families that need an address
 * @param ifaces {@code --iface}, in order; an empty value means the default route (IF-2)
 * @param regexes {@code --iface-regex}, in order
 * @param canReach {@code --iface-can-reach}
 * @param publicIp {@code --public-ip}
 * @param publicIpv6 {@code --public-ipv6}
 */
public record Wish(
    Set<Family> families,
    List<String> ifaces,
    List<String> regexes,
    String canReach,
    String publicIp,
    String publicIpv6) {

  public Wish {
    families = Set.copyOf(families);
    ifaces = List.copyOf(ifaces);
    regexes = List.copyOf(regexes);
    if (families.isEmpty()) {
      throw new IllegalArgumentException("an interface for no address family");
    }
  }

  boolean dual() {
    return families.size() == 2;
  }

  boolean wants(Family family) {
    return families.contains(family);
  }

  String publicText(Family family) {
    return family == Family.V4 ? publicIp : publicIpv6;
  }
}
