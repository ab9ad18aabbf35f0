// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.reconcile.PassReport.Opponent;
import io.jflannel.flanneld.state.Kernel.What;
import org.junit.jupiter.api.Test;

final class OppositionTest {

  private static final long SECOND = 1_000_000_000L;

  @Test
  void whoeverRepairsOftenHasAnOpponent() {
    var opposition = new Opposition(port -> "networkd (pid " + port + ")");
    for (int i = 0; i < 4; i++) {
      opposition.repaired(What.ROUTE, i * SECOND, 0);
    }
    assertThat(opposition.opponents(5 * SECOND)).isEmpty();
    opposition.repaired(What.ROUTE, 5 * SECOND, 42);
    opposition.repaired(What.ROUTE, 6 * SECOND, 0);
    assertThat(opposition.opponents(6 * SECOND))
        .containsExactly(new Opponent("route", 6, "networkd (pid 42)"));
    assertThat(opposition.opponents(90 * SECOND)).hasSize(1);
    assertThat(opposition.opponents(300 * SECOND)).isEmpty();
  }
}
