// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.reconcile.PassReport.Opponent;
import io.jflannel.flanneld.state.Kernel.What;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PaceTest {

  private static final long SECOND = 1_000_000_000L;

  @Test
  void afterQuietAPassMayStartAtOnceAndElseAfterThirtyTimesItsCpuTime() {
    var pace = new Pace(100 * SECOND, Duration.ofMillis(30), Duration.ofMillis(10));
    assertThat(pace.pause(100 * SECOND)).isEqualTo(Duration.ofMillis(300));
    assertThat(pace.pause(100 * SECOND + 250_000_000)).isEqualTo(Duration.ofMillis(50));
    assertThat(pace.pause(101 * SECOND).isPositive()).isFalse();
  }

  @Test
  void aPassThatWaitedForTheKernelPausesAtLeastAsLong() {
    var pace = new Pace(0, Duration.ofMillis(500), Duration.ofMillis(1));
    assertThat(pace.pause(0)).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void theFirstPassIsFollowedAtOnce() {
    assertThat(Pace.first(7).pause(7)).isZero();
  }

  @Test
  void theTickIsTenSecondsOrAThousandTimesTheCpuTime() {
    assertThat(new Pace(0, Duration.ZERO, Duration.ofMillis(1)).tick())
        .isEqualTo(Duration.ofSeconds(10));
    assertThat(new Pace(0, Duration.ZERO, Duration.ofMillis(80)).tick())
        .isEqualTo(Duration.ofSeconds(80));
  }

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
