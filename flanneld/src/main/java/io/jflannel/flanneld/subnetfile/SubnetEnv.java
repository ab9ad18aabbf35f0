// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.Optional;

/**
 * What the subnet file says (SF-1). CNI plugins and Docker start scripts read it.
 *
 * @param v4 IPv4's part; absent if that family is off
 * @param v6 IPv6's part
 * @param mtu of the containers' interfaces, in bytes
 * @param ipMasq the value of {@code --ip-masq}
 */
public record SubnetEnv(Optional<Part> v4, Optional<Part> v6, int mtu, boolean ipMasq) {

  /** One family: the cluster's network and this node's subnet. */
  public record Part(Cidr network, Cidr subnet) {}

  /** The file for a lease of the configured network. */
  public static SubnetEnv of(NetworkConfig config, Subnets lease, int mtu, boolean ipMasq) {
    return new SubnetEnv(
        part(config, lease, Family.V4), part(config, lease, Family.V6), mtu, ipMasq);
  }

  private static Optional<Part> part(NetworkConfig config, Subnets lease, Family family) {
    return config
        .range(family)
        .map(range ->
            new Part(
                range.network(),
                lease
                    .of(family)
                    .orElseThrow(() ->
                        new IllegalArgumentException(
                            "lease " + lease + " lacks the configured " + family))));
  }

  /** The bytes of the file, as upstream writes them. */
  public String text() {
    StringBuilder text = new StringBuilder();
    v4.ifPresent(part -> lines(text, "FLANNEL_", part));
    v6.ifPresent(part -> lines(text, "FLANNEL_IPV6_", part));
    text.append("FLANNEL_MTU=").append(mtu).append('\n');
    return text.append("FLANNEL_IPMASQ=").append(ipMasq).append('\n').toString();
  }

  /** SF-2: the subnet line carries the first host address. */
  private static void lines(StringBuilder text, String prefix, Part part) {
    Cidr subnet = new Cidr(part.subnet().ip().plus(1), part.subnet().length());
    text.append(prefix).append("NETWORK=").append(part.network()).append('\n');
    text.append(prefix).append("SUBNET=").append(subnet).append('\n');
  }
}
