// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.iface.HostNetwork.Address;
import io.jflannel.flanneld.iface.HostNetwork.Link;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Comparator;
import java.util.List;

/**
 * IF-8: which addresses of an interface may be used, the best first: global before link-local,
 * permanent before limited, lasting before temporary, else in kernel order. Deprecated ones and
 * loopback, multicast and the like are no candidates.
 */
final class AddressPreference {

  private static final Comparator<Address> BEST_FIRST =
      Comparator.comparing((Address address) -> address.ip().isLinkLocal())
          .thenComparing(address -> !address.permanent())
          .thenComparing(Address::temporary);

  private AddressPreference() {}

  static List<Ip> candidates(Link link, Family family) {
    return link.addresses().stream()
        .filter(address -> usable(address, family))
        .sorted(BEST_FIRST)
        .map(Address::ip)
        .toList();
  }

  static boolean usable(Address address, Family family) {
    Ip ip = address.ip();
    return ip.family() == family
        && !address.deprecated()
        && (ip.isGlobalUnicast() || ip.isLinkLocal());
  }
}
