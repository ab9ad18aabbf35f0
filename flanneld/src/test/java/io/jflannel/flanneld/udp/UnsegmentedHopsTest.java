// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** One peer behind a policy that cannot segment does not slow down the others. */
class UnsegmentedHopsTest {

  @Test
  void onlyThosePeersAreIn() {
    UnsegmentedHops hops = new UnsegmentedHops();
    assertThat(hops.contains(0)).isFalse();
    for (int hop : new int[] {0xc0000207, 0x0a000001, 0xc0000207, 0}) {
      hops.add(hop);
    }
    assertThat(hops.size()).isEqualTo(3);
    assertThat(hops.contains(0xc0000207)).isTrue();
    assertThat(hops.contains(0x0a000001)).isTrue();
    assertThat(hops.contains(0)).isTrue();
    assertThat(hops.contains(0xc0000208)).isFalse();
  }
}
