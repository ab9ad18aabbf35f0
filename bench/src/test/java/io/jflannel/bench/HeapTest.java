// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.json.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeapTest {

  @Test
  void itIsWhatTheSerialCollectorSays() {
    String said =
        """
        28615:
        DefNew     total 5568K, used 1234K [0x00000000f0000000, 0x00000000f0600000)
         eden space 4992K,   0% used [0x00000000f0000000, 0x00000000f0000000)
        Tenured    total 22980K, used 9000K [0x00000000f0600000, 0x00000000f1c71000)
         the  space 22980K,  79% used [0x00000000f0600000, 0x00000000f17f3e78)
        """;

    assertThat(Heap.of(said)).isEqualTo(new Heap(1234, 9000));
    assertThat(Heap.of(said).usedKb()).isEqualTo(10234);
    assertThatThrownBy(() -> Heap.of("garbage-first heap total 5K, used 3K"))
        .hasMessageContaining("not the serial collector");
  }

  @ParameterizedTest
  @ValueSource(strings = {Peers.VXLAN, Peers.HOST_GW})
  void nodesAreJsonOfTheSizeThatClustersHave(String type) {
    String node = new KubeNodes(new Peers(type)).peer(9_999);

    assertThat(Json.parse(node)).isInstanceOf(Json.Obj.class);
    assertThat(node.length()).isBetween(7_000, 12_000);
    for (String other : List.of(KubeNodes.own("n", "10.0.5.0/24"), KubeNodes.heartbeat(7))) {
      assertThat(Json.parse(other)).isInstanceOf(Json.Obj.class);
    }
  }
}
