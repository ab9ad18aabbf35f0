// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What upstream leaves on node n1, captured from it (golden backends.md G3, G4, G9). */
final class Golden {

  static final Cidr NETWORK4 = Cidr.parse("10.244.0.0/16");
  static final Cidr NETWORK6 = Cidr.parse("fd00:10:244::/48");
  static final Subnets OWN =
      new Subnets(
          Optional.of(Cidr.parse("10.244.1.0/24")), Optional.of(Cidr.parse("fd00:10:244:1::/64")));
  static final Claim CLAIM = new Claim(Set.of(NETWORK4, NETWORK6));

  static final String FILTER4 =
      """
      *filter
      :INPUT ACCEPT [0:0]
      :FORWARD ACCEPT [0:0]
      :OUTPUT ACCEPT [0:0]
      :FLANNEL-FWD - [0:0]
      -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
      -A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
      -A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
      COMMIT
      """;

  static final String NAT4 =
      """
      *nat
      :PREROUTING ACCEPT [0:0]
      :INPUT ACCEPT [0:0]
      :OUTPUT ACCEPT [0:0]
      :POSTROUTING ACCEPT [0:0]
      :FLANNEL-POSTRTG - [0:0]
      -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
      -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
      -A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
      COMMIT
      """;

  static final String FILTER6 = FILTER4.replace("10.244.0.0/16", "fd00:10:244::/48");

  static final String NAT6 =
      NAT4.replace("10.244.0.0/16", "fd00:10:244::/48")
          .replace("10.244.1.0/24", "fd00:10:244:1::/64")
          .replace("224.0.0.0/4", "ff00::/8");

  /** G9, with our network and subnet. */
  static final String NAT4_OF_0_10 =
      """
      *nat
      :POSTROUTING ACCEPT [0:0]
      -A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN
      -A POSTROUTING -s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE
      -A POSTROUTING ! -s 10.244.0.0/16 -d 10.244.24.0/24 -j RETURN
      -A POSTROUTING ! -s 10.244.0.0/16 -d 10.244.0.0/16 -j MASQUERADE
      COMMIT
      """;

  static final String FILTER4_OF_0_10 =
      """
      *filter
      :FORWARD DROP [0:0]
      -A FORWARD -s 10.244.0.0/16 -j ACCEPT
      -A FORWARD -d 10.244.0.0/16 -j ACCEPT
      COMMIT
      """;

  /** G4 with B9 and B10 mended. */
  static final String NFT4 =
      """
      table ip flannel-ipv4 {
      	comment "rules for flannel-ipv4"
      	chain postrtg {
      		comment "chain to manage traffic masquerading by flannel"
      		type nat hook postrouting priority srcnat; policy accept;
      		meta mark & 0x00004000 == 0x00004000 return
      		ip saddr 10.244.1.0/24 ip daddr 10.244.0.0/16 return
      		ip saddr 10.244.0.0/16 ip daddr 10.244.1.0/24 return
      		ip saddr != 10.244.0.0/16 ip daddr 10.244.1.0/24 return
      		ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
      		ip saddr != 10.244.0.0/16 ip daddr 10.244.0.0/16 masquerade fully-random
      	}

      	chain forward {
      		comment "chain to accept flannel traffic"
      		type filter hook forward priority filter; policy accept;
      		ip saddr 10.244.0.0/16 accept
      		ip daddr 10.244.0.0/16 accept
      	}
      }
      """;

  private Golden() {}

  static Map<Part, List<Rule>> rules(Family family) {
    return rules(family, true);
  }

  static Map<Part, List<Rule>> rules(Family family, boolean fullyRandom) {
    return TrafficRules.of(
        family,
        new TrafficRules.Settings(
            Map.of(Family.V4, NETWORK4, Family.V6, NETWORK6), true, fullyRandom, true),
        OWN);
  }

  static SavedTable saved(Part part, String text) {
    return saved(part, text, Names.UPSTREAM, CLAIM);
  }

  static SavedTable saved(Part part, String text, Names names, Claim claim) {
    SavedTable table = new SavedTable(part, names, claim);
    text.lines().forEach(table::line);
    return table;
  }
}
