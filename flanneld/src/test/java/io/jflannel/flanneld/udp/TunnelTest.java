// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real packets between two namespaces. */
class TunnelTest {

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void packetsOfAllSizesPassBothWays(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, path);
        Tunnel second = hosts.tunnel(2, path)) {
      assertThat(first.datapath()).hasToString(path.name().toLowerCase(Locale.ROOT));
      assertThat(first.device()).isEqualTo("flannel0");
      for (int size : new int[] {0, 1, 56, 1444, 1445, 20_000}) {
        assertThat(hosts.in(1, "ping -c2 -i0.01 -W2 -s %d 10.5.2.0".formatted(size)))
            .contains(" 0% packet loss");
      }
      assertThat(first.counters().sent().packets()).isGreaterThan(12);
      assertThat(second.counters().received().packets())
          .isEqualTo(first.counters().sent().packets());
    }
  }
}
