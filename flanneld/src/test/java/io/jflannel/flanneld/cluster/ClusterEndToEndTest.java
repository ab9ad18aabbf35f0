// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A cluster whose network is ours: issue 6, "It must show" 1. */
@ParameterizedClass(name = "dual stack: {0}")
@ValueSource(booleans = {false, true})
@TestMethodOrder(MethodOrderer.MethodName.class) // what wears the cluster out comes last
class ClusterEndToEndTest {

  @SuppressWarnings("NullAway.Init") // by start
  private static Site site;

  @Parameter boolean dual;

  @BeforeParameterizedClassInvocation
  static void start(boolean dual) {
    site = Site.launch(dual, Site.Manifest.OURS, "{\"Type\": \"vxlan\"}");
    site.runPods();
  }

  @AfterParameterizedClassInvocation
  static void end() {
    if (site != null) {
      site.close();
    }
  }

  /** What the API server says of pods lags behind; an IPv6 address is tentative for a second. */
  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(Duration.ofSeconds(90)).ignoreExceptions().untilAsserted(assertion);
  }

  @Test
  void aPodsTalkAndServicesAnswer() {
    eventually(site::assertPodsTalk);
    for (String address : site.serviceAddresses()) {
      for (String pod : List.of("pod1", "pod2")) {
        eventually(() -> assertThat(site.ask(pod, address)).startsWith("pod"));
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

  @Test // docs/migrate.md
  void bTheDaemonTellsOfItself() {
    eventually(() ->
        assertThat(
                site.cluster()
                    .kubectl(
                        "-n",
                        "kube-flannel",
                        "exec",
                        "ds/kube-flannel-ds",
                        "-c",
                        "kube-flannel",
                        "--",
                        "jflannel",
                        "status"))
            .containsPattern("ready +yes")
            .contains("1 wanted, 1 programmed"));
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

    eventually(() -> assertThat(daemonOfNode2("'restartCount','ready'")).isEqualTo("1 true"));
    assertThat(ping.stop().lost()).isZero();
  }

  @Test
  void eTheNetworkComesBackAfterABoot() {
    // the node was killed too fast to tell anybody: what is told of it now is old
    String restarts = daemonOfNode2("'restartCount'");
    site.cluster().reboot(2);
    eventually(() -> assertThat(daemonOfNode2("'restartCount'")).isNotEqualTo(restarts));
    site.awaitReady();
    site.awaitPods();
    eventually(site::assertPodsTalk);
  }

  private String daemonOfNode2(String fields) {
    return site.cluster()
        .kubectl(
            "-n",
            "kube-flannel",
            "get",
            "pods",
            "--field-selector=spec.nodeName=node2",
            "-o",
            "jsonpath={.items[*].status.containerStatuses[0][" + fields + "]}");
  }

  @Test
  void fAnotherBackendTakesOver() {
    site.useBackend("{\"Type\": \"host-gw\"}");
    eventually(() ->
        assertThat(site.cluster().onNode(1, "ip route"))
            .contains("10.244.1.0/24 via 172.30.0.")
            .doesNotContain("flannel.1"));
    eventually(site::assertPodsTalk);

    site.useBackend("{\"Type\": \"udp\"}");
    eventually(() ->
        assertThat(site.cluster().onNode(1, "ip route"))
            .contains("10.244.0.0/16 dev flannel0")
            .doesNotContain("via 172.30.0.12"));
    eventually(site::assertPodsTalkByIpv4);
  }
}
