// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.json.Json;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PeersTest {

  private static final Peers VXLAN = new Peers(Peers.VXLAN);

  @Test
  void twentyThousandPeersShareNothing() {
    assertThat(IntStream.range(0, 20_000).mapToObj(Peers::subnet)).doesNotHaveDuplicates();
    assertThat(IntStream.range(0, 20_000).mapToObj(Peers::address)).doesNotHaveDuplicates();
    assertThat(IntStream.range(0, 20_000).mapToObj(Peers::mac)).doesNotHaveDuplicates();
    assertThat(Peers.subnet(19_999)).isEqualTo("10.79.31.0");
  }

  @Test
  void aVxlanLeaseCarriesItsMac() {
    assertThat(VXLAN.lease(1))
        .isEqualTo(
            "{\"PublicIP\":\"10.128.0.11\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\","
                + "\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\"}}");
  }

  @Test
  void theReferenceProgramsThreeObjectsPerVxlanPeer() {
    assertThat(IpBatch.ipLines(VXLAN, 0)).hasSize(2);
    assertThat(IpBatch.bridgeLines(VXLAN, 0).toList())
        .isEqualTo(
            List.of("fdb replace 02:00:00:00:00:00 dev flannel.1 dst 10.128.0.10 self permanent"));
  }

  @Test
  void bothTimesOfBashAreAdded() {
    assertThat(IpBatch.millis("noise\ncpu 0.012 0.230\n")).isEqualTo(242);
  }

  @Test
  void theStatusTellsOfPeersAndPasses() {
    Json document =
        Json.parse(
            """
            {"network":{"lastPass":{"at":"then","put":2,"deleted":1,"cpuMilliseconds":7},
             "totals":{"cpuMilliseconds":9,"messages":12}},
             "peers":[{"programmed":true},{"programmed":false}],
             "tunnel":{"device":"flannel0","datapath":"batch"}}
            """);
    assertThat(Status.of(document))
        .contains(new Status(2, 1, 9, 12, new Status.Pass("then", 2, 1, 7), Optional.of("batch")));
    assertThat(Status.of(Json.parse("{\"peers\":[]}"))).isEmpty();
  }
}
