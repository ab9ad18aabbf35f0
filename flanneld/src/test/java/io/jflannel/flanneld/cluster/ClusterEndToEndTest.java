// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A cluster whose network is ours: issue 6, "It must show" 1. */
@ParameterizedClass(name = "dual stack: {0}")
@ValueSource(booleans = {false, true})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.MethodName.class) // what wears the cluster out comes last
class ClusterEndToEndTest {

  @Parameter boolean dual;

  private Site site;

  @BeforeAll
  void start() {
    site = Site.launch(dual, "{\"Type\": \"vxlan\"}");
    site.runPods();
  }

  @AfterAll
  void end() {
    if (site != null) {
      site.close();
    }
  }

  @Test
  void aPodsTalkAndServicesAnswer() {
    site.assertPodsTalk();
    for (String address : site.serviceAddresses()) {
      for (String pod : new String[] {"pod1", "pod2"}) {
        assertThat(site.ask(pod, address)).contains("pod");
      }
    }
  }

  @Test
  void bPodsReachTheOutsideUnderTheNodesAddress() {
    for (String address : site.outside()) {
      assertThat(site.cluster().inPod("pod2", "ping -c 3 -W 2 " + address))
          .contains(" 0% packet loss");
    }
    // whoever answers could not have answered the pod itself
    assertThat(
            site.cluster()
                .onNode(0, "ip route get " + site.addresses("pod2").get(0) + " 2>&1 || :"))
        .contains("unreachable");
  }

  @Test
  void cARollingRestartLosesNoPacket() throws Exception {
    Ping ping = Ping.start(site.cluster(), "pod1", site.addresses("pod2").get(0));

    site.cluster().kubectl("-n", "kube-flannel", "rollout", "restart", "daemonset/kube-flannel-ds");
    site.awaitRollout();

    Ping.Tally tally = ping.stop();
    assertThat(tally.sent()).isGreaterThan(100);
    assertThat(tally.lost()).isZero();
  }

  @Test
  void dAKilledDaemonComesBackAndNobodyNotices() throws Exception {
    Ping ping = Ping.start(site.cluster(), "pod1", site.addresses("pod2").get(0));

    site.cluster().onNode(2, "kill -9 $(pidof java)");

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() ->
            assertThat(
                    site.cluster()
                        .kubectl(
                            "-n",
                            "kube-flannel",
                            "get",
                            "pods",
                            "--field-selector=spec.nodeName=node2",
                            "-o",
                            "jsonpath={.items[*].status.containerStatuses[0]['restartCount','ready']}"))
                .isEqualTo("1 true"));
    assertThat(ping.stop().lost()).isZero();
  }

  @Test
  void eTheNetworkComesBackAfterABoot() {
    site.cluster().reboot(2);

    await()
        .atMost(Duration.ofSeconds(90))
        .until(() ->
            site.cluster()
                .kubectl(
                    "get",
                    "node",
                    "node2",
                    "-o",
                    "jsonpath={.status.conditions[?(@.type=='Ready')].status}")
                .equals("True"));
    site.awaitReady();
    site.awaitPods();
    await().atMost(Duration.ofSeconds(60)).untilAsserted(site::assertPodsTalk);
  }

  @Test
  void fAnotherBackendTakesOver() {
    site.useBackend("{\"Type\": \"host-gw\"}");
    assertThat(site.cluster().onNode(1, "ip route")).contains("10.244.1.0/24 via 172.30.0.");
    site.assertPodsTalk();

    site.useBackend("{\"Type\": \"udp\"}");
    assertThat(site.cluster().onNode(1, "ip route")).contains("dev flannel0");
  }
}
