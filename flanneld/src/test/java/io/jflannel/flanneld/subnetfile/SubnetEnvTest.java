// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** SF-1, SF-2; the bytes are those of the golden file, section 3. */
class SubnetEnvTest {

  private static final Optional<AddressRange> V4 = range("10.42.0.0/16", 24);
  private static final Optional<AddressRange> V6 = range("2001:cafe:42::/56", 64);

  @Test
  void ipv4() {
    assertThat(text(V4, Optional.empty(), subnets("10.42.2.0/24", ""), true))
        .isEqualTo(
            """
            FLANNEL_NETWORK=10.42.0.0/16
            FLANNEL_SUBNET=10.42.2.1/24
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=true
            """);
  }

  @Test
  void ipv6() {
    assertThat(text(Optional.empty(), V6, subnets("", "2001:cafe:42:26::/64"), true))
        .isEqualTo(
            """
            FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
            FLANNEL_IPV6_SUBNET=2001:cafe:42:26::1/64
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=true
            """);
  }

  @Test
  void dual() {
    assertThat(text(V4, V6, subnets("10.42.61.0/24", "2001:cafe:42:19::/64"), false))
        .isEqualTo(
            """
            FLANNEL_NETWORK=10.42.0.0/16
            FLANNEL_SUBNET=10.42.61.1/24
            FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
            FLANNEL_IPV6_SUBNET=2001:cafe:42:19::1/64
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=false
            """);
  }

  @Test
  void aLeaseThatLacksAConfiguredFamilyIsABug() { // ODD-25
    assertThatThrownBy(() -> text(V4, V6, subnets("10.42.61.0/24", ""), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lease 10.42.61.0/24 lacks the configured IPv6");
  }

  private static String text(
      Optional<AddressRange> v4, Optional<AddressRange> v6, Subnets lease, boolean ipMasq) {
    NetworkConfig config = new NetworkConfig(v4, v6, false, "vxlan", new Json.Obj(List.of()));
    return SubnetEnv.of(config, lease, 1450, ipMasq).text();
  }

  private static Optional<AddressRange> range(String network, int length) {
    Ip first = Cidr.parse(network).ip();
    return Optional.of(new AddressRange(Cidr.parse(network), length, first, first));
  }

  private static Subnets subnets(String v4, String v6) {
    return new Subnets(cidr(v4), cidr(v6));
  }

  private static Optional<Cidr> cidr(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(Cidr.parse(text));
  }
}
