// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kubelab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.kubelab.ApiServer.User;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The equipment itself, and what our manifest's objects mean to a real API server. */
class ApiServerTest {

  private static final String PATCH =
      "{\"metadata\":{\"annotations\":{\"flannel.alpha.coreos.com/public-ip\":\"192.0.2.1\"}}}";

  private static ApiServer api;

  @BeforeAll
  static void start() {
    api = ApiServer.shared();
  }

  @Test
  void nodesAreMadeAsTheyAreAskedFor() {
    api.createNode("made", List.of("10.244.1.0/24", "fd00:10:244:1::/64"), Map.of("dummy", "a\"b"));

    assertThat(api.kubectl("get", "node", "made", "-o", "jsonpath={.spec.podCIDRs[*]}"))
        .isEqualTo("10.244.1.0/24 fd00:10:244:1::/64");
    assertThat(api.annotations("made")).containsEntry("dummy", "a\"b");

    api.annotate("made", "dummy", Optional.empty());
    assertThat(api.annotations("made")).doesNotContainKey("dummy");
  }

  @Test // KUB, 8.11
  void ourRoleGrantsWhatFlannelNeedsAndNoMore() {
    api.createNode("granted", List.of("10.244.2.0/24"), Map.of());
    assertThat(api.kubectlAs(User.FLANNEL, "", "get", "nodes").err()).contains("is forbidden");
    assertThat(api.kubectlAs(User.BADTOKEN, "", "get", "nodes").err()).contains("Unauthorized");
    int before = api.audit().size();

    api.grant();

    await()
        .atMost(Duration.ofSeconds(30)) // the authorizer learns of roles and bindings by and by
        .untilAsserted(() ->
            assertThat(api.patchStatus(api.token(User.FLANNEL), "granted", PATCH).status())
                .isEqualTo(200));
    assertThat(api.kubectlAs(User.FLANNEL, "", "auth", "can-i", "--list").orThrow())
        .containsPattern("pods +\\[\\] +\\[\\] +\\[get]")
        .containsPattern("nodes +\\[\\] +\\[\\] +\\[get list watch]")
        .containsPattern("nodes/status +\\[\\] +\\[\\] +\\[patch]")
        .doesNotContain("secrets", "configmaps", "namespaces", "delete", "update");
    assertThat(api.auditOfFlannel(before))
        .anySatisfy(request -> {
          assertThat(request.verb()).isEqualTo("patch");
          assertThat(request.uri()).startsWith("/api/v1/nodes/granted/status");
          assertThat(request.status()).isEqualTo(200);
          assertThat(request.body().orElseThrow().text()).isEqualTo(PATCH);
        });
  }

  @Test
  void itComesBackWithItsData() {
    api.createNode("kept", List.of("10.244.3.0/24"), Map.of());

    api.halt();
    assertThat(api.kubectlAs(User.ADMIN, "", "get", "nodes").status()).isNotZero();
    api.start();

    assertThat(api.kubectl("get", "nodes", "-o", "name")).contains("node/kept");
  }
}
