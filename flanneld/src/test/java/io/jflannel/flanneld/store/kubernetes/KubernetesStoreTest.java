// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.kubelab.ApiServer;
import io.jflannel.flanneld.kubelab.ApiServer.User;
import io.jflannel.flanneld.kubelab.Backup;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.store.LeaseLostException;
import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Against a real API server with RBAC: our role and nothing more. Section 8, golden/kubernetes.md.
 */
class KubernetesStoreTest {

  private static final String F = "flannel.alpha.coreos.com/";
  private static final Map<String, String> DUMMY = Map.of("dummy", "value");
  private static final Map<String, String> PEER =
      Map.of(
          F + "kube-subnet-manager", "true",
          F + "backend-type", "host-gw",
          F + "backend-data", "null",
          F + "public-ip", "192.168.50.12");

  @TempDir Path dir;

  private ApiServer api;

  @BeforeEach
  void start() {
    api = ApiServer.shared();
    api.grant();
  }

  private RunningStore store(String config) {
    return store(config, OnLeaseLost.FOLLOW, api.kubeconfig(User.FLANNEL), "");
  }

  private RunningStore store(String config, OnLeaseLost onLost, Path kubeconfig, String url) {
    return new RunningStore(dir, kubeconfig, url, "node1", config, onLost, Duration.ofSeconds(90));
  }

  private RunningStore published() {
    RunningStore store = store(RunningStore.V4);
    store.publish("192.168.50.11", Optional.empty());
    store.awaitHeld("10.244.1.0/24");
    return store;
  }

  private static Map<String, String> withoutDummy(Map<String, String> annotations) {
    annotations.remove("dummy");
    return annotations;
  }

  @Test // golden, parts 1 and 2
  void publishesAsUpstreamDoes() {
    api.createNode("node1", List.of("10.244.1.0/24", "fd00:10:244:1::/64"), DUMMY);
    int before = api.audit().size();
    try (RunningStore store = store(RunningStore.DUAL)) {
      store.publish("192.168.50.11", Optional.of("fd50::11"));
      store.awaitHeld("10.244.1.0/24 fd00:10:244:1::/64");
      store.networkIsUp();
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(patches(before)).hasSize(2));
    }

    assertThat(withoutDummy(api.annotations("node1")))
        .isEqualTo(
            Map.of(
                F + "kube-subnet-manager", "true",
                F + "backend-type", "host-gw",
                F + "backend-data", "null",
                F + "backend-v6-data", "null",
                F + "public-ip", "192.168.50.11",
                F + "public-ipv6", "fd50::11"));
    assertThat(patches(before))
        .allSatisfy(patch -> {
          assertThat(patch.uri()).isEqualTo("/api/v1/nodes/node1/status");
          assertThat(patch.status()).isEqualTo(200);
          assertThat(patch.userAgent()).startsWith("flanneld");
        });
    assertThat(patches(before).getLast().body().map(Json::text).orElseThrow())
        .contains("NetworkUnavailable", "\"status\":\"False\"", "FlannelIsUp")
        .startsWith("{\"status\":{\"conditions\":[{\"type\":");
    assertThat(
            api.auditOfFlannel(before).stream()
                .map(request -> request.verb() + " " + request.uri().replaceAll("[0-9]+&", "N&")))
        .allMatch(line ->
            line.startsWith("list /api/v1/nodes?limit=N&resourceVersion=0")
                || line.startsWith(
                    "watch /api/v1/nodes?allowWatchBookmarks=true&resourceVersion=N&")
                || line.startsWith("patch /api/v1/nodes/node1/status"));
  }

  private List<ApiServer.Request> patches(int after) {
    return api.auditOfFlannel(after).stream()
        .filter(request -> request.verb().equals("patch"))
        .toList();
  }

  private String condition() {
    return api.kubectl(
        "get",
        "node",
        "node1",
        "-o",
        "jsonpath={.status.conditions[?(@.type==\"NetworkUnavailable\")].status}"
            + " {.status.conditions[?(@.type==\"NetworkUnavailable\")].lastTransitionTime}");
  }

  @Test // ODD-70, ODD-71
  void aRestartWritesTheConditionAloneAndKeepsItsTime() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      store.networkIsUp();
      await().atMost(Duration.ofSeconds(20)).until(() -> condition().startsWith("False "));
    }
    String first = condition();
    int before = api.audit().size();
    Instant written = Instant.parse(first.substring("False ".length()));
    await().until(() -> Instant.now().isAfter(written.plusSeconds(1))); // its times are in seconds

    try (RunningStore store = published()) {
      store.networkIsUp();
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(patches(before)).hasSize(1));
    }

    assertThat(patches(before).getFirst().body().map(Json::text).orElseThrow())
        .contains("conditions")
        .doesNotContain("annotations");
    assertThat(condition()).isEqualTo(first);
  }

  @Test // ODD-29, and a node that somebody taints again
  void theConditionIsRepaired() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      store.networkIsUp();
      await().atMost(Duration.ofSeconds(20)).until(() -> condition().startsWith("False "));

      api.kubectl(
          "patch",
          "node",
          "node1",
          "--subresource=status",
          "-p",
          "{\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"True\"}]}}");

      await().atMost(Duration.ofSeconds(20)).until(() -> condition().startsWith("False "));
    }
  }

  private void awaitPublicIp(String text) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(api.annotations("node1")).containsEntry(F + "public-ip", text));
  }

  @Test // ODD-67
  void annotationsDeletedByHandComeBack() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      for (String key : List.of("kube-subnet-manager", "public-ip", "backend-data")) {
        api.annotate("node1", F + key, Optional.empty());
        await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> api.annotations("node1").containsKey(F + key));
      }
      api.annotate("node1", F + "public-ip", Optional.of("203.0.113.9"));
      awaitPublicIp("192.168.50.11");
      assertThat(store.view().own()).isInstanceOf(OwnLease.Held.class);
    }
  }

  @Test // KUB-14: ours follows without a restart; ODD-69
  void anOverwriteIsFollowed() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      api.annotate("node1", F + "public-ip-overwrite", Optional.of("172.18.0.2"));
      awaitPublicIp("172.18.0.2");

      api.annotate("node1", F + "public-ip-overwrite", Optional.of("hello"));
      store.awaitWarning("public-ip-overwrite \"hello\" is no address");
      assertThat(api.annotations("node1")).containsEntry(F + "public-ip", "172.18.0.2");

      api.annotate("node1", F + "public-ip-overwrite", Optional.empty());
      awaitPublicIp("192.168.50.11");
      store.awaitView(view -> view.own() instanceof OwnLease.Held held && held.warning().isEmpty());
    }
  }

  @Test // ODD-67
  void anotherCidrIsFollowed() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      api.kubectl("delete", "node", "node1");
      store.awaitWarning("node node1 is not registered in the cluster any more");

      api.createNode("node1", List.of("10.244.77.0/24"), DUMMY);

      store.awaitHeld("10.244.77.0/24");
      store.awaitWarning("changed from 10.244.1.0/24 to 10.244.77.0/24");
      assertThat(api.annotations("node1")).containsEntry(F + "public-ip", "192.168.50.11");
    }
  }

  @Test
  void anotherCidrEndsTheDaemonIfItShall() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store =
        store(RunningStore.V4, OnLeaseLost.EXIT, api.kubeconfig(User.FLANNEL), "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitHeld("10.244.1.0/24");
      api.kubectl("delete", "node", "node1");
      api.createNode("node1", List.of("10.244.77.0/24"), DUMMY);

      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> assertThat(store.failure()).containsInstanceOf(LeaseLostException.class));
    }
  }

  @Test // P15, ODD-53
  void waitsForTheNodeAndItsCidr() {
    try (RunningStore store = store(RunningStore.V4)) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitWaiting("node node1 is not registered");

      api.createNode("node1", List.of(), DUMMY);
      store.awaitWaiting("node1 has no IPv4 pod CIDR");
      assertThat(withoutDummy(api.annotations("node1"))).isEmpty(); // ODD-68

      api.kubectl("patch", "node", "node1", "-p", "{\"spec\":{\"podCIDR\":\"10.244.1.0/24\"}}");
      store.awaitHeld("10.244.1.0/24");
    }
  }

  @Test // ODD-68
  void aCidrOutsideTheNetworkIsNotPublished() {
    api.createNode("node1", List.of("192.168.0.0/24"), DUMMY);
    try (RunningStore store = store(RunningStore.V4)) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitWaiting("192.168.0.0/24 of node node1 is not inside Network 10.244.0.0/16");
      assertThat(withoutDummy(api.annotations("node1"))).isEmpty();
    }
  }

  @Test // ODD-28: upstream crashes
  void aNodeWithoutAnyAnnotationIsPublished() {
    api.createNode("node1", List.of("10.244.1.0/24"), Map.of());
    try (RunningStore store = published()) {
      assertThat(api.annotations("node1")).containsKey(F + "public-ip");
      assertThat(store.view().contact().connected()).isTrue();
    }
  }

  @Test // golden, part 4; ODD-26, ODD-27, ODD-68
  void followsThePeers() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    api.createNode("other", List.of("10.244.9.0/24"), DUMMY); // takes no part
    try (RunningStore store = published()) {
      store.awaitPeers();
      api.createNode("node2", List.of("10.244.2.0/24"), PEER);
      store.awaitPeers("10.244.2.0/24");

      api.annotate("node2", F + "public-ip", Optional.of("192.168.50.22"));
      store.awaitView(view ->
          view.peers().stream()
              .anyMatch(peer -> peer.attributes().publicIp().toString().contains("192.168.50.22")));

      api.annotate("node2", F + "public-ip", Optional.of("hello"));
      StoreView kept = store.awaitView(view -> !view.refused().isEmpty());
      assertThat(RunningStore.subnetsOf(kept)).containsExactly("10.244.2.0/24");
      assertThat(kept.refused().getFirst().toString()).contains("node2", "hello");

      api.annotate("node2", F + "kube-subnet-manager", Optional.empty());
      store.awaitPeers();
      api.annotate("node2", F + "public-ip", Optional.of("192.168.50.12"));
      api.annotate("node2", F + "kube-subnet-manager", Optional.of("true"));
      store.awaitPeers("10.244.2.0/24");

      api.kubectl("delete", "node", "node2");
      store.awaitPeers();
      api.createNode("node2", List.of("10.244.77.0/24"), PEER);
      store.awaitPeers("10.244.77.0/24");

      api.createNode("node3", List.of("192.168.77.0/24"), PEER);
      StoreView outside = store.awaitView(view -> !view.refused().isEmpty());
      assertThat(RunningStore.subnetsOf(outside)).containsExactly("10.244.77.0/24");
      assertThat(outside.refused().getFirst().reason()).contains("not inside the network");
    }
  }

  @Test // P17: no view, so no pass over the kernel
  void heartbeatsAreNobodysBusiness() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    api.createNode("node2", List.of("10.244.2.0/24"), PEER);
    try (RunningStore store = published()) {
      store.awaitPeers("10.244.2.0/24");
      long before = store.views();
      for (String node : List.of("node1", "node2")) {
        for (int beat = 0; beat < 3; beat++) {
          api.kubectl(
              "patch",
              "node",
              node,
              "--subresource=status",
              "-p",
              "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
                  + "\"lastHeartbeatTime\":\"2026-11-22T13:29:0"
                  + beat
                  + "Z\"}]}}");
        }
      }
      api.annotate("node2", F + "public-ip", Optional.of("192.168.50.22")); // comes after them

      store.awaitView(view ->
          view.peers().getFirst().attributes().publicIp().toString().contains("192.168.50.22"));
      assertThat(store.views()).isEqualTo(before + 1);
    }
  }

  @Test // P19
  void twoNodesWithOneAddressAreTold() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      api.createNode("node2", List.of("10.244.2.0/24"), PEER);
      api.annotate("node2", F + "public-ip", Optional.of("192.168.50.11"));
      store.awaitWarning("two nodes publish 192.168.50.11: node2 and this one");

      api.annotate("node2", F + "public-ip", Optional.of("192.168.50.12"));
      store.awaitView(view -> view.own() instanceof OwnLease.Held held && held.warning().isEmpty());
    }
  }

  @Test
  void anApiServerThatRestartsLosesNothing() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    api.createNode("node2", List.of("10.244.2.0/24"), PEER);
    try (RunningStore store = published()) {
      store.awaitPeers("10.244.2.0/24");
      api.halt();
      store.awaitView(view ->
          !view.contact().connected() && view.contact().detail().contains("cannot be reached"));
      assertThat(RunningStore.subnetsOf(store.view())).containsExactly("10.244.2.0/24");

      api.start();
      api.kubectl("delete", "node", "node2"); // perhaps before the watch is back
      api.createNode("node3", List.of("10.244.3.0/24"), PEER);

      store.awaitPeers("10.244.3.0/24");
      store.awaitView(view -> view.contact().connected());
    }
  }

  @Test // not as they were when the watch began, again and again
  void anApiServerThatRestartsIsListedAsItIsNow() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    api.createNode("node2", List.of("10.244.2.0/24"), PEER);
    try (RunningStore store = published()) {
      store.awaitPeers("10.244.2.0/24");
      for (int i = 0; i < 5; i++) {
        api.kubectl("create", "configmap", "unrelated" + i); // no watch of nodes hears of it
        api.kubectl("delete", "configmap", "unrelated" + i);
      }
      int before = api.audit().size();

      api.restart();

      api.createNode("node3", List.of("10.244.3.0/24"), PEER);
      store.awaitPeers("10.244.2.0/24", "10.244.3.0/24");
      store.awaitView(view -> view.contact().connected());
      assertThat(api.auditOfFlannel(before).stream().filter(asked -> asked.verb().equals("list")))
          .hasSizeLessThanOrEqualTo(2);
    }
  }

  @Test // ODD-62; so does etcdutl with --bump-revision
  void aRestoredApiServerIsNoticedThoughItsVersionIsHigher() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    Backup backup = Backup.of(api);
    api.createNode("node2", List.of("10.244.2.0/24"), PEER);
    try (RunningStore store = published()) {
      store.awaitPeers("10.244.2.0/24");
      assertThat(store.view().complete()).isTrue();

      backup.restore();

      store.awaitView(view -> !view.complete()); // nothing is deleted for a minute
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> api.annotations("node1").containsKey(F + "public-ip"));
      api.createNode("node2", List.of("10.244.77.0/24"), PEER);
      store.awaitPeers("10.244.77.0/24");
    }
  }

  @Test // P18: waits, says why, goes on by itself
  void anApiServerThatIsDownAtStartIsWaitedFor() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    api.halt();
    try (RunningStore store = store(RunningStore.V4)) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view ->
          view.contact().detail().contains(api.url() + " cannot be reached: connection refused"));
      api.start();
      store.awaitHeld("10.244.1.0/24");
    }
  }

  @Test
  void whoeverIsNotAllowedIsToldWhy() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store =
        store(RunningStore.V4, OnLeaseLost.FOLLOW, api.kubeconfig(User.BADTOKEN), "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view ->
          view.contact().detail().contains("does not accept our credentials")
              && view.contact().detail().contains("users[badtoken].user.token"));
    }
    try (RunningStore store =
        store(RunningStore.V4, OnLeaseLost.FOLLOW, api.kubeconfig(User.NOBODY), "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view ->
          view.contact().detail().contains("nodes is forbidden")
              && view.contact().detail().contains("patch nodes/status"));
    }
  }

  @Test
  void aTokenFileIsReadAgain() throws IOException {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    Path token = dir.resolve("token");
    Files.writeString(token, api.token(User.BADTOKEN));
    Path kubeconfig = dir.resolve("kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        current-context: x
        contexts: [{name: x, context: {cluster: x, user: x}}]
        clusters: [{name: x, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: x, user: {tokenFile: token}}]
        """
            .formatted(api.url(), api.certificateAuthority()));
    try (RunningStore store = store(RunningStore.V4, OnLeaseLost.FOLLOW, kubeconfig, "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view -> view.contact().detail().contains("does not accept"));

      Files.writeString(token, api.token(User.FLANNEL));

      store.awaitHeld("10.244.1.0/24");
    }
  }

  @Test
  void anotherAuthorityIsNotTrusted() {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    String template =
        """
        current-context: x
        contexts: [{name: x, context: {cluster: x, user: x}}]
        clusters: [{name: x, cluster: {server: "%s"%s}}]
        users: [{name: x, user: {token: "%s"}}]
        """;
    Path kubeconfig = dir.resolve("kubeconfig");
    RunningStore.write(kubeconfig, template.formatted(api.url(), "", api.token(User.FLANNEL)));
    try (RunningStore store = store(RunningStore.V4, OnLeaseLost.FOLLOW, kubeconfig, "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view -> view.contact().detail().contains("is not signed by an authority in"));
    }
    for (String more :
        List.of(
            ", insecure-skip-tls-verify: true",
            ", tls-server-name: kubernetes.default.svc, certificate-authority: "
                + api.certificateAuthority())) {
      RunningStore.write(kubeconfig, template.formatted(api.url(), more, api.token(User.FLANNEL)));
      try (RunningStore store = store(RunningStore.V4, OnLeaseLost.FOLLOW, kubeconfig, "")) {
        store.publish("192.168.50.11", Optional.empty());
        store.awaitHeld("10.244.1.0/24");
      }
    }
    RunningStore.write(
        kubeconfig,
        template.formatted(
            api.url(),
            ", tls-server-name: other.example, certificate-authority: "
                + api.certificateAuthority(),
            api.token(User.FLANNEL)));
    try (RunningStore store = store(RunningStore.V4, OnLeaseLost.FOLLOW, kubeconfig, "")) {
      store.publish("192.168.50.11", Optional.empty());
      store.awaitView(view -> view.contact().detail().contains("is for another host"));
    }
  }

  @Test // KUB-12
  void theAdministratorMayPrescribeTheAddress() throws InterruptedException {
    api.createNode("node1", List.of("10.244.1.0/24"), Map.of(F + "node-public-ip", "203.0.113.5"));
    try (RunningStore store = store(RunningStore.V4)) {
      assertThat(store.prescribed()).hasToString("{IPv4=203.0.113.5}");
    }
  }

  @Test
  void aChangedConfigurationIsTold() throws IOException {
    api.createNode("node1", List.of("10.244.1.0/24"), DUMMY);
    try (RunningStore store = published()) {
      Files.writeString(
          dir.resolve("net-conf.json"),
          "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
      store.awaitView(view ->
          view.restartNeeded().filter(text -> text.contains("restart to use it")).isPresent());
      Files.writeString(
          dir.resolve("net-conf.json"),
          "{\"Backend\":{\"Type\":\"host-gw\"},\"Network\":\"10.244.0.0/16\",\"SubnetLen\":7}");
      store.awaitView(view -> view.restartNeeded().isEmpty());
    }
  }
}
