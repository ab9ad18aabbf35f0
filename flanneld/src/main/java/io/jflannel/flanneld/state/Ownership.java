// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.Optional;
import java.util.Set;

/**
 * What in the kernel may be ours: the answer to "how does a restarted daemon without memory
 * recognise what it must sweep?" (architecture.md, Ownership).
 *
 * <p>Links: {@code devices}, and any other {@code flannel*} or TUN link that carries an address
 * inside our network. On our links: permanent neighbours, FDB entries, addresses inside the
 * network. Routes: main table, protocol boot, default metric, destination strictly inside the
 * network.
 *
 * @param network4 the IPv4 flannel network, absent if that family is off
 * @param network6 the IPv6 flannel network
 * @param devices names of the links of the running configuration
 * @param contested destinations for which every route of the main table is reported, whoever made
 *     it: where ours must give way (--ip-blackhole-route, B17)
 */
public record Ownership(
    Optional<Cidr> network4, Optional<Cidr> network6, Set<String> devices, Set<Cidr> contested) {

  public Ownership {
    devices = Set.copyOf(devices);
    contested = Set.copyOf(contested);
  }

  public Ownership withContested(Set<Cidr> newContested) {
    return new Ownership(network4, network6, devices, newContested);
  }

  public Optional<Cidr> network(Family family) {
    return family == Family.V4 ? network4 : network6;
  }

  /** Whether {@code destination} lies strictly inside our network of its family. */
  public boolean inside(Cidr destination) {
    return network(destination.family())
        .filter(network -> network.contains(destination) && network.length() < destination.length())
        .isPresent();
  }
}
