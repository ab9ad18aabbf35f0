// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * The validated network configuration (spec section 3): what {@code <prefix>/config} or
 * net-conf.json says, with defaults computed. At least one family is present.
 *
 * @param v4 the IPv4 part, absent if EnableIPv4 is false
 * @param v6 the IPv6 part, absent unless EnableIPv6 is true
 * @param nftables EnableNFTables
 * @param backendType as written, {@code udp} when there is no Backend at all (NET-3, ODD-8)
 * @param backend the Backend object; empty when absent
 */
public record NetworkConfig(
    Optional<AddressRange> v4,
    Optional<AddressRange> v6,
    boolean nftables,
    String backendType,
    Json.Obj backend) {

  /**
   * One family's part.
   *
   * @param network the cluster-wide network, host bits dropped
   * @param subnetLength prefix length of one node's subnet
   * @param subnetMin address of the first subnet to hand out
   * @param subnetMax address of the last subnet to hand out, inclusive
   */
  public record AddressRange(Cidr network, int subnetLength, Ip subnetMin, Ip subnetMax) {}

  public Optional<AddressRange> range(Family family) {
    return family == Family.V4 ? v4 : v6;
  }

  public boolean enabled(Family family) {
    return range(family).isPresent();
  }
}
