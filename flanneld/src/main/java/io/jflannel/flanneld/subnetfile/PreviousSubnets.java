// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a former run's subnet file names (SF-5 to SF-7): asked for again if it is still free.
 *
 * @param v4 network address and length
 * @param networks the flannel networks of that run
 * @param problems what could not be used, one line each
 */
public record PreviousSubnets(
    Optional<Cidr> v4, Optional<Cidr> v6, Set<Cidr> networks, List<String> problems) {

  private static final PreviousSubnets NONE =
      new PreviousSubnets(Optional.empty(), Optional.empty(), Set.of(), List.of());

  public PreviousSubnets {
    networks = Set.copyOf(networks);
    problems = List.copyOf(problems);
  }

  /** Reads the text of a subnet file; {@code text} is empty if there is no file. */
  public static PreviousSubnets of(Optional<String> text) {
    if (text.isEmpty()) {
      return NONE;
    }
    Optional<Map<String, String>> variables = DotEnv.parse(text.get());
    if (variables.isEmpty()) {
      return new PreviousSubnets(
          Optional.empty(), Optional.empty(), Set.of(), List.of("a line is not KEY=value"));
    }
    List<String> problems = new ArrayList<>();
    Optional<Cidr> v4 = single(variables.get(), "FLANNEL_SUBNET", Family.V4, problems);
    Optional<Cidr> v6 = single(variables.get(), "FLANNEL_IPV6_SUBNET", Family.V6, problems);
    Set<Cidr> networks = new HashSet<>();
    single(variables.get(), "FLANNEL_NETWORK", Family.V4, problems).ifPresent(networks::add);
    single(variables.get(), "FLANNEL_IPV6_NETWORK", Family.V6, problems).ifPresent(networks::add);
    return new PreviousSubnets(v4, v6, networks, problems);
  }

  private static Optional<Cidr> single(
      Map<String, String> variables, String key, Family family, List<String> problems) {
    String value = variables.getOrDefault(key, "");
    if (value.isEmpty()) {
      return Optional.empty();
    }
    List<Cidr> subnets = list(value, family, key, problems);
    if (subnets.size() > 1) {
      problems.add(key + "=" + value + ": one subnet expected");
    }
    return subnets.size() == 1
        ? Optional.of(subnets.getFirst()).filter(subnet -> !isEverything(subnet))
        : Optional.empty();
  }

  /** The good parts of a comma-separated list (v0.21 wrote such), masked. */
  static List<Cidr> list(String value, Family family, String key, List<String> problems) {
    List<Cidr> subnets = new ArrayList<>();
    for (String part : value.split(",", -1)) {
      try {
        Cidr subnet = Cidr.parse(part);
        if (subnet.family() == family) {
          subnets.add(subnet.network());
        } else {
          problems.add(key + ": " + part + " is not " + family); // ODD-37
        }
      } catch (IllegalArgumentException e) {
        problems.add(key + ": " + e.getMessage());
      }
    }
    return subnets;
  }

  /** {@code 0.0.0.0/0} is upstream's way to say "none". */
  private static boolean isEverything(Cidr subnet) {
    return subnet.length() == 0;
  }
}
