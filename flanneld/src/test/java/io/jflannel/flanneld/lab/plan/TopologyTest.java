// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopologyTest {

  @Test
  void withoutARouterEveryHostIsOnTheBridge() {
    Topology topology = topology(LabBackend.HOST_GW, LabFamilies.DUAL, 2);

    assertThat(topology.namespaces()).containsExactly("p-u", "p-n1", "p-c1", "p-n2", "p-c2");
    assertThat(topology.forwarding()).containsExactly("p-n1", "p-n2");
    assertThat(topology.hosts())
        .containsExactly(
            new Topology.Host(
                1,
                "p-n1",
                "p-c1",
                List.of(Cidr.parse("192.0.2.1/24"), Cidr.parse("2001:db8:a::1/64")),
                List.of(Ip.parse("192.0.2.254"), Ip.parse("2001:db8:a::fe")),
                false),
            new Topology.Host(
                2,
                "p-n2",
                "p-c2",
                List.of(Cidr.parse("192.0.2.2/24"), Cidr.parse("2001:db8:a::2/64")),
                List.of(Ip.parse("192.0.2.254"), Ip.parse("2001:db8:a::fe")),
                false));
  }

  @Test
  void directRoutingHasOneHostBehindARouterSoThatBothPathsExist() {
    Topology topology = topology(LabBackend.VXLAN_DIRECT, LabFamilies.IPV4, 3);

    assertThat(topology.router()).contains("p-r");
    assertThat(topology.forwarding()).containsExactly("p-r", "p-n1", "p-n2", "p-n3");
    assertThat(topology.hosts())
        .extracting(Topology.Host::behindRouter)
        .containsExactly(false, false, true);
    assertThat(topology.hosts().getLast().addresses())
        .containsExactly(Cidr.parse("198.51.100.3/24"));
    assertThat(topology.hosts().getLast().gateways()).containsExactly(Ip.parse("198.51.100.254"));
    assertThat(topology.hosts().getFirst().gateways())
        .containsExactly(topology.router(Family.V4).ip());
  }

  @Test
  void theUnderlayScriptCablesOnlyHostsOnTheBridge() {
    Topology topology = topology(LabBackend.VXLAN_DIRECT, LabFamilies.IPV4, 3);

    assertThat(new Wiring(topology).underlay())
        .contains("link add n2 type veth peer name eth0 netns p-n2")
        .contains("link add r type veth peer name eth0 netns p-r")
        .contains("route add 198.51.100.0/24 via 192.0.2.253")
        .doesNotContain("p-n3");
    assertThat(new Wiring(topology).router())
        .contains("link add eth1 type veth peer name eth0 netns p-n3");
  }

  @Test
  void aNumberOfNodesOutsideTheRangeIsRefused() {
    LabSpec spec = LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, LabStore.LOCAL);

    assertThatThrownBy(() -> spec.withNodes(0)).hasMessage("a lab has 1 to 100 nodes, not 0");
    assertThatThrownBy(() -> spec.withNodes(101)).hasMessageContaining("not 101");
  }

  @Test
  void theNetworkConfigurationNamesTheFamiliesAndTheBackend() {
    assertThat(LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, LabStore.LOCAL).networkConfig())
        .isEqualTo("{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
    assertThat(
            LabSpec.of(LabBackend.VXLAN_DIRECT, LabFamilies.DUAL, LabStore.LOCAL).networkConfig())
        .isEqualTo(
            "{\"Network\":\"10.244.0.0/16\",\"EnableIPv6\":true,"
                + "\"IPv6Network\":\"fd00:10:244::/48\","
                + "\"Backend\":{\"Type\":\"vxlan\",\"DirectRouting\":true}}");
    assertThat(LabSpec.of(LabBackend.HOST_GW, LabFamilies.IPV6, LabStore.LOCAL).networkConfig())
        .isEqualTo(
            "{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/48\","
                + "\"Backend\":{\"Type\":\"host-gw\"}}");
  }

  private static Topology topology(LabBackend backend, LabFamilies families, int nodes) {
    return Topology.of(LabSpec.of(backend, families, LabStore.LOCAL).withNodes(nodes), "p");
  }
}
