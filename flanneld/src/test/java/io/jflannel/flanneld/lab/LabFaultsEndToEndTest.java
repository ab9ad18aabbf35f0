// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.plan.SubnetFile;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.net.Family;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Daemons and an etcd that are killed, stopped and replaced under traffic. */
@Timeout(120)
class LabFaultsEndToEndTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final LabSpec TWO_NODES =
      LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, LabStore.ETCD).withNodes(2);

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("etcd", "etcdctl");
  }

  @Test
  void aKilledDaemonLosesNoPacketAndComesBackWithItsSubnet() throws InterruptedException {
    try (Lab lab = Lab.start(TWO_NODES)) {
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
      Node node = lab.node(1);
      SubnetFile before = node.subnetFile().orElseThrow();
      Child ping = pingToSecondNode(lab);

      node.killDaemon();
      assertThat(node.daemonRuns()).isFalse();
      node.startDaemon();

      Awaitility.await().atMost(PATIENCE).until(node::ready);
      assertThat(node.subnetFile()).contains(before);
      assertNothingLost(ping);
    }
  }

  @Test
  void anOrderlyStopEndsWithStatusZeroAndTrafficGoesOn() throws InterruptedException { // LIF-17
    try (Lab lab = Lab.start(TWO_NODES)) {
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
      Child ping = pingToSecondNode(lab);

      assertThat(lab.node(2).stopDaemon()).isZero();

      assertNothingLost(ping);
    }
  }

  @Test
  void anEtcdThatHangsAndIsThenReplacedByAnEmptyOneLosesNoPacket() throws InterruptedException {
    try (Lab lab = Lab.start(TWO_NODES)) {
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
      SubnetFile before = lab.node(1).subnetFile().orElseThrow();
      Child ping = pingToSecondNode(lab);

      lab.etcd().pause();
      lab.etcd().resume();
      lab.etcd().wipe();
      lab.etcd().configure(TWO_NODES.networkConfig());

      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() ->
              assertThat(lab.etcd().ctl("get", "--prefix", "--keys-only", "/coreos.com"))
                  .contains(key(before), key(lab.node(2).subnetFile().orElseThrow())));
      assertNothingLost(ping);
    }
  }

  private static String key(SubnetFile file) {
    return "/subnets/" + file.subnets().getFirst().toString().replace('/', '-');
  }

  private static Child pingToSecondNode(Lab lab) {
    String target = lab.node(2).containerAddress(Family.V4).toString();
    return lab.node(1).beside("ping", "ping", "-n", "-i", "0.05", "-c", "80", "-W", "2", target);
  }

  private static void assertNothingLost(Child ping) {
    Awaitility.await().atMost(PATIENCE).until(() -> !ping.alive());
    assertThat(ping.log()).contains("80 packets transmitted, 80 received, 0% packet loss");
  }
}
