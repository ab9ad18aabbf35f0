// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.net.Cidr;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

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
   * Which of the rules in a chain another daemon has made for another network: all that are about a
   * network for which the chain holds what such a daemon makes. A single rule with foreign
   * addresses is nobody's we know.
   */
  Predicate<Rule> ofOthers(Part part, Collection<Rule> rules) {
    Set<Rule> modest = rules.stream().map(Rule::withoutRandomPorts).collect(Collectors.toSet());
    List<Cidr> theirs =
        rules.stream()
            .flatMap(Rule::addresses)
            .distinct()
            .filter(network -> networks.stream().noneMatch(network::overlaps))
            .filter(network -> modest.containsAll(TrafficRules.signature(part, network)))
            .toList();
    return rule -> {
      List<Cidr> named = rule.addresses().toList();
      return !named.isEmpty()
          && theirs.stream().anyMatch(network -> named.stream().allMatch(network::contains));
    };
  }

  /** Whether every address that the rule names is a network's of ours. */
  boolean covers(Rule rule) {
    return rule.addresses().allMatch(c -> networks.stream().anyMatch(ours -> ours.overlaps(c)));
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
