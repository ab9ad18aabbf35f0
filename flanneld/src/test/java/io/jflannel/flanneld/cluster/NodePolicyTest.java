// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.kubelab.ApiServer;
import io.jflannel.flanneld.kubelab.ApiServer.User;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code packaging/node-policy.yml} on a real API server. */
class NodePolicyTest {

  private static final String PATCH = "{\"metadata\":{\"annotations\":{\"x\":\"y\"}}}";

  private ApiServer api;

  @BeforeEach
  void prepare() {
    api = ApiServer.shared();
    api.createNode("mine", List.of("10.244.1.0/24"), Map.of());
    api.createNode("others", List.of("10.244.2.0/24"), Map.of());
    api.grant();
  }

  @AfterEach
  void remove() {
    if (api != null) {
      api.kubectlAs(User.ADMIN, Site.packaging("node-policy.yml"), "delete", "-f", "-");
    }
  }

  private String tokenFor(String node) {
    return api.kubectl(
            "create",
            "token",
            "flannel",
            "-n",
            "kube-flannel",
            "--bound-object-kind=Node",
            "--bound-object-name=" + node)
        .strip();
  }

  @Test
  void aDaemonWritesItsOwnNodeAndNoOther() {
    String mine = tokenFor("mine");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> api.patchStatus(mine, "others", PATCH).status() == 200);

    api.apply(Site.packaging("node-policy.yml"));

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> {
          ApiServer.Answer refused = api.patchStatus(mine, "others", PATCH);
          assertThat(refused.status()).isEqualTo(403);
          assertThat(refused.body())
              .contains("flannel may write the status of the node that it runs on, not of others");
        });
    assertThat(api.patchStatus(mine, "mine", PATCH).status()).isEqualTo(200);
    assertThat(api.patchStatus(api.token(User.FLANNEL), "mine", PATCH).status()).isEqualTo(403);
    assertThat(api.patchStatus(api.token(User.ADMIN), "others", PATCH).status()).isEqualTo(200);
  }
}
