// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import static io.jflannel.flanneld.traffic.Rule.except;
import static io.jflannel.flanneld.traffic.Rule.only;

import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.traffic.Rule.Verdict;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Which rules a node needs. */
public final class TrafficRules {

  private static final Cidr MULTICAST4 = Cidr.parse("224.0.0.0/4");
  private static final Cidr MULTICAST6 = Cidr.parse("ff00::/8");

  private TrafficRules() {}

  /**
   * What the operator asks for.
   *
   * @param networks the flannel networks in use
   * @param masquerade {@code --ip-masq}
   * @param fullyRandom not {@code --ip-masq-fully-random-disable}
   * @param forward {@code --iptables-forward-rules}
   */
  public record Settings(
      Map<Family, Cidr> networks, boolean masquerade, boolean fullyRandom, boolean forward) {
    public Settings {
      networks = Map.copyOf(networks);
    }
  }

  /** The rules of one family; of both parts, an empty list where none are wanted. */
  public static Map<Part, List<Rule>> of(Family family, Settings settings, Subnets own) {
    Map<Part, List<Rule>> rules = new EnumMap<>(Part.class);
    rules.put(Part.MASQUERADE, List.of());
    rules.put(Part.FORWARD, List.of());
    Optional.ofNullable(settings.networks().get(family))
        .ifPresent(network -> {
          if (settings.masquerade()) {
            own.of(family)
                .ifPresent(subnet ->
                    rules.put(
                        Part.MASQUERADE,
                        masquerade(network, subnet.network(), settings.fullyRandom())));
          }
          if (settings.forward()) {
            rules.put(Part.FORWARD, forward(network));
          }
        });
    return Map.copyOf(rules);
  }

  /** The rules of 14.1, in order. */
  static List<Rule> masquerade(Cidr network, Cidr subnet, boolean fullyRandom) {
    Verdict masquerade = fullyRandom ? Verdict.MASQUERADE_FULLY_RANDOM : Verdict.MASQUERADE;
    Cidr multicast = network.family() == Family.V4 ? MULTICAST4 : MULTICAST6;
    return List.of(
        Rule.marked(Verdict.RETURN),
        Rule.of(only(subnet), only(network), Verdict.RETURN),
        Rule.of(only(network), only(subnet), Verdict.RETURN),
        Rule.of(except(network), only(subnet), Verdict.RETURN),
        Rule.of(only(network), except(multicast), masquerade),
        Rule.of(except(network), only(network), masquerade));
  }

  /** The rules of 14.2, in order. */
  static List<Rule> forward(Cidr network) {
    return List.of(Rule.from(network, Verdict.ACCEPT), Rule.to(network, Verdict.ACCEPT));
  }

  /** By what one knows that a chain holds the rules for a network, whatever the subnet. */
  static List<Rule> signature(Part part, Cidr network) {
    Cidr multicast = network.family() == Family.V4 ? MULTICAST4 : MULTICAST6;
    return switch (part) {
      case MASQUERADE ->
          List.of(
              Rule.of(only(network), except(multicast), Verdict.MASQUERADE),
              Rule.of(except(network), only(network), Verdict.MASQUERADE));
      case FORWARD -> forward(network);
    };
  }

  /** Whether a rule, without random ports, is one of the part's for some subnet of a network. */
  static boolean isOfAnySubnet(Part part, Rule rule, Cidr network) {
    return switch (part) {
      case MASQUERADE ->
          Stream.concat(Stream.of(network), rule.addresses())
              .filter(network::contains)
              .anyMatch(subnet -> masquerade(network, subnet, false).contains(rule));
      case FORWARD -> forward(network).contains(rule);
    };
  }

  /** What v0.10.0 put into the part's built-in chain, subnets aside (14.6). */
  static boolean isOfVersion010(Part part, Rule rule, Cidr network) {
    return switch (part) {
      case MASQUERADE ->
          rule.equals(Rule.of(only(network), only(network), Verdict.RETURN))
              || signature(part, network).contains(rule)
              || returnsToOneSubnet(rule, network);
      case FORWARD -> forward(network).contains(rule);
    };
  }

  /** Whether it has made all of these: a few of them may be an operator's. */
  static boolean areOfVersion010(Part part, Set<Rule> rules, Cidr network) {
    boolean signed = rules.containsAll(signature(part, network));
    return switch (part) {
      case MASQUERADE ->
          signed
              && rules.contains(Rule.of(only(network), only(network), Verdict.RETURN))
              && rules.stream().anyMatch(rule -> returnsToOneSubnet(rule, network));
      case FORWARD -> signed;
    };
  }

  private static boolean returnsToOneSubnet(Rule rule, Cidr network) {
    return rule.destination()
        .filter(subnet -> !subnet.except() && network.contains(subnet.addresses()))
        .map(subnet -> rule.equals(Rule.of(except(network), subnet, Verdict.RETURN)))
        .orElse(false);
  }
}
