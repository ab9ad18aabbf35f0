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
    Set<Cidr> theirs =
        rules.stream()
            .flatMap(Rule::addresses)
            .distinct()
            .filter(network -> networks.stream().noneMatch(network::overlaps))
            .filter(network -> modest.containsAll(TrafficRules.signature(part, network)))
            .collect(Collectors.toSet());
    Set<Integer> lengths = theirs.stream().map(Cidr::length).collect(Collectors.toSet());
    return rule -> {
      List<Cidr> named = rule.addresses().toList();
      return !named.isEmpty()
          && lengths.stream()
              .filter(length -> length <= named.getFirst().length())
              .map(length -> new Cidr(named.getFirst().ip(), length).network())
              .anyMatch(n -> theirs.contains(n) && named.stream().allMatch(n::contains));
    };
  }

  /**
   * Whether a daemon makes such a rule for a network of ours, with whatever subnet in it: what
   * others write with our comment, or about more addresses, is theirs.
   */
  boolean isOurs(Part part, Rule rule) {
    Rule modest = rule.withoutRandomPorts();
    return networks.stream()
        .anyMatch(network ->
            TrafficRules.isOfVersion010(part, modest, network)
                || TrafficRules.isOfAnySubnet(part, modest, network));
  }

  /** Whether these are addresses of our networks, and multicast. */
  public boolean covers(Collection<Cidr> addresses) {
    return addresses.stream()
        .allMatch(named ->
            named.ip().isMulticast()
                || networks.stream().anyMatch(network -> network.contains(named)));
  }

  /** Whether all that v0.10.0 made for a network of ours is among these rules (14.6). */
  boolean areOfVersion010(Part part, Set<Rule> rules) {
    return networks.stream()
        .anyMatch(network -> TrafficRules.areOfVersion010(part, rules, network));
  }

  /** Whether v0.10.0 made this rule for a network of ours. */
  boolean isOfVersion010(Part part, Rule rule) {
    return networks.stream().anyMatch(network -> TrafficRules.isOfVersion010(part, rule, network));
  }
}
