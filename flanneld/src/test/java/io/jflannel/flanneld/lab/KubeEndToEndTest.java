// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.json.Json;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Daemons on a real API server, under the rights of our manifest: golden/kubernetes.md. */
class KubeEndToEndTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String F = "flannel.alpha.coreos.com/";

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("etcd", "openssl");
    Requirements.environment("KUBELAB", "JFLANNEL_ROOT");
  }

  private static Lab start(LabFamilies families, String... more) throws InterruptedException {
    return Lab.start(LabSpec.of(LabBackend.VXLAN, families, LabStore.KUBE).withNodes(2), more);
  }

  private static Map<String, String> annotations(Lab lab, int node) throws InterruptedException {
    Map<String, String> found = new TreeMap<>();
    Json json =
        Json.parse(
            lab.api().ctl("get", "node", "node" + node, "-o", "jsonpath={.metadata.annotations}"));
    for (Json.Member member : ((Json.Obj) json).members()) {
      found.put(member.name(), ((Json.Str) member.value()).value());
    }
    return found;
  }

  private static String mac(Node node, String device) throws InterruptedException {
    return node.exec("ip", "-o", "link", "show", device)
        .replaceAll("(?s).* link/ether ([0-9a-f:]+) .*", "$1");
  }

  @Test // part 1, "vxlan dual"; ODD-70, ODD-71
  void annotationsAndConditionAreUpstreams() throws InterruptedException {
    try (Lab lab = start(LabFamilies.DUAL)) {
      Convergence.await(lab);
      for (Node node : lab.nodes()) {
        int n = node.number();
        assertThat(annotations(lab, n))
            .containsExactlyInAnyOrderEntriesOf(
                Map.of(
                    F + "backend-data",
                    "{\"VNI\":1,\"VtepMAC\":\"" + mac(node, "flannel.1") + "\"}",
                    F + "backend-v6-data",
                    "{\"VNI\":1,\"VtepMAC\":\"" + mac(node, "flannel-v6.1") + "\"}",
                    F + "backend-type",
                    "vxlan",
                    F + "kube-subnet-manager",
                    "true",
                    F + "public-ip",
                    node.address(Family.V4).toString(),
                    F + "public-ipv6",
                    node.address(Family.V6).toString()));
        await()
            .atMost(PATIENCE)
            .untilAsserted(() ->
                assertThat(
                        lab.api()
                            .ctl(
                                "get",
                                "node",
                                "node" + n,
                                "-o",
                                "jsonpath={.status.conditions[*]['type','status','reason','message']}"))
                    .isEqualTo(
                        "NetworkUnavailable False FlannelIsUp Flannel is running on this node"));
      }
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
      aFamilyThatChangesAloneIsFollowed(lab);
    }
  }

  private static void aFamilyThatChangesAloneIsFollowed(Lab lab) throws InterruptedException {
    lab.node(2).killDaemon(); // or it would put its annotation right
    lab.api().ctl("annotate", "--overwrite", "node", "node2", F + "public-ipv6=2001:db8:a::77");
    await() // ODD-26
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(lab.node(1).exec("bridge", "fdb", "show", "dev", "flannel-v6.1"))
                .contains("2001:db8:a::77"));
    assertThat(lab.node(1).exec("bridge", "fdb", "show", "dev", "flannel.1"))
        .contains(lab.node(2).address(Family.V4).toString());
    lab.node(2).startDaemon();
    Convergence.await(lab);
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(lab.node(1).exec("bridge", "fdb", "show", "dev", "flannel-v6.1"))
                .doesNotContain("2001:db8:a::77"));
  }

  @ParameterizedTest // part 5; ODD-30
  @ValueSource(
      strings = {"flannel.alpha.coreos.com", "flannel.alpha.coreos.com/", "org.com", "org.com/pre"})
  void theMacOutlivesItsDevice(String prefix) throws InterruptedException {
    try (Lab lab = start(LabFamilies.IPV4, "--kube-annotation-prefix=" + prefix)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      String before = mac(node, "flannel.1");

      node.stopDaemon();
      node.exec("ip", "link", "del", "flannel.1");
      node.startDaemon();

      Convergence.await(lab);
      assertThat(mac(node, "flannel.1")).isEqualTo(before);
      assertThat(annotations(lab, 1).keySet()).allMatch(key -> key.startsWith(prefix));
    }
  }

  @Test // P18, P36: the reason is shown, nothing is lost, it goes on by itself
  void anApiServerThatHangsIsWaitedFor() throws InterruptedException {
    try (Lab lab = start(LabFamilies.IPV4)) {
      Convergence.await(lab);
      lab.api().pause();
      lab.node(1).killDaemon();
      lab.node(1).startDaemon();
      await()
          .atMost(PATIENCE)
          .untilAsserted(() ->
              assertThat(HealthProbe.readyz(lab.node(1)))
                  .matches(probe -> probe.refusesBecause("cannot be reached")));
      assertThat(lab.node(1).exec("ip", "route")).contains("10.244.2.0/24 via 10.244.2.0");
      lab.api().resume();
      Convergence.await(lab);
    }
  }

  @Test // ODD-67: followed by the daemon itself and by its peers
  void aNodeThatIsMadeAnewWithAnotherCidrIsFollowed() throws InterruptedException {
    try (Lab lab = start(LabFamilies.IPV4)) {
      Convergence.await(lab);
      lab.api().ctl("delete", "node", "node2");
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(lab.node(1).exec("ip", "route")).doesNotContain("10.244.2.0/24"));

      lab.api()
          .ctl(
              "create",
              "--raw",
              "/api/v1/nodes",
              "-f",
              node(
                  "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"node2\"},"
                      + "\"spec\":{\"podCIDRs\":[\"10.244.77.0/24\"]}}",
                  lab));

      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> {
            assertThat(lab.node(1).exec("ip", "route"))
                .contains("10.244.77.0/24 via 10.244.77.0 dev flannel.1");
            assertThat(lab.node(2).subnetFile().orElseThrow().toString())
                .contains("10.244.77.1/24");
          });
      assertThat(HealthProbe.readyz(lab.node(2)))
          .matches(probe -> probe.refusesBecause("changed from 10.244.2.0/24 to 10.244.77.0/24"));
    }
  }

  private static String node(String json, Lab lab) {
    try {
      return java.nio.file.Files.writeString(lab.directory().resolve("node.json"), json).toString();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
