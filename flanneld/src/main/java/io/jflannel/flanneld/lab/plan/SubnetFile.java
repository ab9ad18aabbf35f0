// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a container runtime takes from flanneld's subnet file (spec SF-1, SF-2). Read on its own, as
 * Docker's and CNI's scripts do: the lab must notice a file that only flanneld can read.
 *
 * @param gateways the host's address inside its subnet, one per family, IPv4 first
 * @param mtu for containers, in bytes
 */
public record SubnetFile(List<Cidr> gateways, int mtu) {

  public SubnetFile {
    gateways = List.copyOf(gateways);
  }

  /**
   * Parses the file.
   *
   * @throws IllegalArgumentException naming what is missing or wrong
   */
  public static SubnetFile parse(String text) {
    Map<String, String> values =
        text.lines()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(kv -> kv[0], kv -> kv.length > 1 ? kv[1] : ""));
    List<Cidr> gateways = new ArrayList<>();
    Stream.of("FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET")
        .flatMap(key -> Optional.ofNullable(values.get(key)).stream())
        .map(Cidr::parse)
        .forEach(gateways::add);
    if (gateways.isEmpty() || !values.containsKey("FLANNEL_MTU")) {
      throw new IllegalArgumentException("no subnet or no MTU in the subnet file:\n" + text);
    }
    return new SubnetFile(gateways, Integer.parseInt(values.getOrDefault("FLANNEL_MTU", "")));
  }

  /** The addresses of the lab's one container: those behind the host's. */
  public List<Cidr> containerAddresses() {
    return gateways.stream().map(g -> new Cidr(g.ip().plus(1), g.length())).toList();
  }

  /** The subnets, with host bits dropped. */
  public List<Cidr> subnets() {
    return gateways.stream().map(Cidr::network).toList();
  }

  /** The gateways without their prefix lengths. */
  public List<Ip> gatewayAddresses() {
    return gateways.stream().map(Cidr::ip).toList();
  }
}
