// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.Options.UdpDatapath;
import org.junit.jupiter.api.Test;

/** What a lab can be made of. */
class LabSpecTest {

  private static LabSpec of(LabBackend backend) {
    return LabSpec.of(backend, LabFamilies.IPV4, LabStore.LOCAL);
  }

  @Test
  void itIsNamedWithWhatIsNotTheDefault() {
    assertThat(of(LabBackend.VXLAN)).hasToString("3 nodes, vxlan, IPv4, local store");
    assertThat(of(LabBackend.UDP)).hasToString("3 nodes, udp, IPv4, local store");
    assertThat(
            of(LabBackend.UDP)
                .withDatapath(UdpDatapath.EBPF)
                .withRules(LabFirewall.NFTABLES, true)
                .withNodes(1))
        .hasToString("1 node, udp (ebpf), IPv4, local store, nftables, masquerade");
  }

  @Test
  void onlyUdpHasDataPaths() {
    assertThatThrownBy(() -> of(LabBackend.HOST_GW).withDatapath(UdpDatapath.BATCH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("only the backend udp");
  }
}
