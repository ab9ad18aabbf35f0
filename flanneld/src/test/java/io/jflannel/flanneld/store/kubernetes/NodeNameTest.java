// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.ConfigException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** KUB-1. */
class NodeNameTest {

  @Test
  void theNodesNameWins() {
    assertThat(
            NodeName.of(
                Map.of("NODE_NAME", "node1.x", "POD_NAME", "p", "POD_NAMESPACE", "kube-flannel")))
        .isEqualTo(new NodeName.Known("node1.x"));
    assertThat(NodeName.of(Map.of("POD_NAME", "p", "POD_NAMESPACE", "kube-flannel")))
        .isEqualTo(new NodeName.OfPod("kube-flannel", "p"));
  }

  @Test
  void somethingMustSayIt() {
    assertThatThrownBy(() -> NodeName.of(Map.of("POD_NAME", "p")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("POD_NAME and POD_NAMESPACE")
        .hasMessageContaining("must be set");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/../b", "Node1", "-a", "a-", "a b", "ä", "a?watch=true", "a%2f"})
  void itIsAnObjectsName(String name) {
    assertThatThrownBy(() -> NodeName.of(Map.of("NODE_NAME", name)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("NODE_NAME");
  }
}
