// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoubtsTest {

  private static final String DUAL =
      "{\"EnableIPv6\":true,\"Network\":\"10.3.0.0/16\",\"IPv6Network\":\"fd00:3::/48\",\"Backend\":{\"Type\":\"vxlan\"}}";

  @Test
  void anOrdinaryNodeRaisesNone() {
    assertThat(of("10.9.0.1", "fd00:9::1")).isEmpty();
  }

  @Test
  void aNetworkThatHoldsTheNodeItselfIsNamed() {
    assertThat(of("10.3.0.7", "fd00:3::7"))
        .satisfiesExactly(
            v4 ->
                assertThat(v4)
                    .startsWith("config in K: Network 10.3.0.0/16 contains 10.3.0.7 of eth0"),
            v6 ->
                assertThat(v6)
                    .startsWith("config in K: IPv6Network fd00:3::/48 contains fd00:3::7 of eth0"));
  }

  @Test
  void anAddressThatNobodyReachesIsNamed() {
    assertThat(of("127.0.0.1", "::1")).hasSize(2).allMatch(line -> line.contains("--iface"));
  }

  @Test
  void anMtuThatTheInterfaceCannotCarryIsNamed() {
    assertThat(mtu(1501)).singleElement().asString().contains("Backend.MTU 1501", "1500 of eth0");
    assertThat(mtu(1500)).isEmpty();
  }

  @Test
  void aTunnelThatCarriesOneFamilyIsNamed() {
    assertThat(of("{\"Type\":\"udp\"}")).singleElement().asString().contains("IPv4 only");
    assertThat(of("{\"Type\":\"vxlan\"}")).isEmpty();
  }

  private static List<String> of(String backend) {
    String text =
        "{\"Network\":\"10.3.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd00:3::/48\",\"Backend\":%s}"
            .formatted(backend);
    Optional<Ip> ip = Optional.of(Ip.parse("10.9.0.1"));
    return Doubts.of(
        NetworkConfigParser.parse(text),
        new ExternalInterface("eth0", 2, 1500, ip, Optional.empty(), ip, Optional.empty()),
        "config in K");
  }

  private static List<String> mtu(int mtu) {
    String text =
        "{\"Network\":\"10.3.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"MTU\":%d}}".formatted(mtu);
    Optional<Ip> ip = Optional.of(Ip.parse("10.9.0.1"));
    return Doubts.of(
        NetworkConfigParser.parse(text),
        new ExternalInterface("eth0", 2, 1500, ip, Optional.empty(), ip, Optional.empty()),
        "config in K");
  }

  private static List<String> of(String v4, String v6) {
    Optional<Ip> ip4 = Optional.of(Ip.parse(v4));
    Optional<Ip> ip6 = Optional.of(Ip.parse(v6));
    return Doubts.of(
        NetworkConfigParser.parse(DUAL),
        new ExternalInterface("eth0", 2, 1500, ip4, ip6, ip4, ip6),
        "config in K");
  }
}
