// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.lab.plan.SubnetFile;
import io.jflannel.flanneld.lab.process.ProcessIdentity;
import io.jflannel.json.JsonException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the lab reads and prints. */
class LabTextTest {

  @Test
  void theSubnetFileGivesGatewaysContainersAndMtu() { // SF-1, SF-2
    SubnetFile file =
        SubnetFile.parse(
            """
            FLANNEL_NETWORK=10.42.0.0/16
            FLANNEL_SUBNET=10.42.7.1/24
            FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
            FLANNEL_IPV6_SUBNET=2001:cafe:42:7::1/64
            FLANNEL_MTU=1430
            FLANNEL_IPMASQ=true
            """);

    assertThat(file.mtu()).isEqualTo(1430);
    assertThat(file.subnets())
        .containsExactly(Cidr.parse("10.42.7.0/24"), Cidr.parse("2001:cafe:42:7::/64"));
    assertThat(file.containerAddresses())
        .containsExactly(Cidr.parse("10.42.7.2/24"), Cidr.parse("2001:cafe:42:7::2/64"));
  }

  @Test
  void aSubnetFileWithoutASubnetIsRefused() {
    assertThatThrownBy(() -> SubnetFile.parse("FLANNEL_MTU=1450\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no subnet");
  }

  @Test
  void theStatusGivesLeaseAndPeers() {
    NodeStatus status =
        NodeStatus.parse(
            """
            {"pid":42,"ready":true,"lease":{"state":"held","expires":"2026-01-02T00:00:00Z"},
             "peers":[{"subnet":"10.5.1.0/24","programmed":true},
                      {"subnet":"10.5.2.0/24","programmed":false}]}
            """);

    assertThat(status.pid()).isEqualTo(42);
    assertThat(status.ready()).isTrue();
    assertThat(status.peers()).isEqualTo(2);
    assertThat(status.programmed()).isEqualTo(1);
    assertThat(status.leaseLeft(Instant.parse("2026-01-01T00:30:30Z"))).isEqualTo("23h29m");
    assertThat(status.leaseLeft(Instant.parse("2026-01-03T00:00:00Z"))).isEqualTo("expired");
  }

  @Test
  void aStatusWithoutALeaseHasADashAndDamagedOnesAreRefused() {
    assertThat(NodeStatus.parse("{}").leaseLeft(Instant.EPOCH)).isEqualTo("-");
    assertThatThrownBy(() -> NodeStatus.parse("{\"lease\":{\"expires\":\"soon\"}}"))
        .isInstanceOf(JsonException.class);
  }

  @Test
  void columnsAreAlignedWithoutTrailingBlanks() {
    String table =
        LiveTable.table(
            List.of(new LiveTable.Row("node1", "10.5.1.0/24", "192.0.2.1", "23h59m", "2 of 2")));

    assertThat(table)
        .isEqualTo(
            """
            NODE   SUBNET       PUBLIC IP  LEASE LEFT  PEERS PROGRAMMED
            node1  10.5.1.0/24  192.0.2.1  23h59m      2 of 2
            """);
  }

  @Test
  void theMatrixShowsTimesAndFailures() {
    List<Check.Line> lines =
        List.of(
            new Check.Line(1, 2, Family.V4, Check.Kind.PING, true, "0.1 ms"),
            new Check.Line(2, 1, Family.V4, Check.Kind.PING, false, "no answer"),
            new Check.Line(1, Check.INTERNET, Family.V4, Check.Kind.PING, true, "0.2 ms"),
            new Check.Line(2, Check.INTERNET, Family.V4, Check.Kind.PING, true, "0.3 ms"));

    assertThat(LiveTable.matrix(lines, 2, Family.V4))
        .isEqualTo(
            """
            IPv4 PING  node1  node2   internet
            node1      -      0.1 ms  0.2 ms
            node2      FAIL   -       0.3 ms
            """);
  }

  @Test
  void aProcessIsKnownByPidAndStartTime() {
    String stat =
        "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 4096 1 18446744073709551615";

    assertThat(ProcessIdentity.parse(stat)).contains(new ProcessIdentity(42, 12345));
    assertThat(ProcessIdentity.parse("")).isEmpty();
    assertThat(ProcessIdentity.parse("42 (sh) S")).isEmpty();
  }

  @Test
  void aProcessIdThatIsUsedAgainIsAnotherProcess() {
    ProcessIdentity self =
        ProcessIdentity.read(java.nio.file.Path.of("/proc/self/stat")).orElseThrow();

    assertThat(self.alive()).isTrue();
    assertThat(new ProcessIdentity(self.pid(), self.start() - 1).alive()).isFalse();
  }
}
