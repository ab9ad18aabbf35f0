// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.net.Cidr;
import java.util.List;
import java.util.Set;

/**
 * Whose a rule is that stands where ours stand. Two daemons without {@code --instance} share
 * chains; their networks tell their rules apart.
 *
 * @param networks ours of both families: those in use and those of the former run
 */
public record Claim(Set<Cidr> networks) {

  public Claim {
    networks = Set.copyOf(networks);
  }

  /**
   * Whether the rule is about networks of others only. A rule without addresses is everybody's, so
   * ours.
   */
  boolean isOfOthers(Rule rule) {
    List<Cidr> named = rule.addresses().toList();
    return !named.isEmpty()
        && named.stream()
            .allMatch(cidr -> networks.stream().noneMatch(ours -> ours.overlaps(cidr)));
  }

  /** How many rules v0.10.0 made (14.6). */
  static int count010(Part part) {
    return switch (part) {
      case MASQUERADE -> 4;
      case FORWARD -> 2;
    };
  }

  /** Whether v0.10.0 made this rule for a network of ours. */
  boolean isOfVersion010(Rule rule) {
    return networks.stream().anyMatch(network -> TrafficRules.isOfVersion010(rule, network));
  }
}
