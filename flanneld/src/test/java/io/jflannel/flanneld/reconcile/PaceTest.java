// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PaceTest {

  private static final long START = Long.MAX_VALUE - 1_000_000; // System::nanoTime may overflow

  private static Duration ms(long count) {
    return Duration.ofMillis(count);
  }

  private static long after(Duration time) {
    return START + time.toNanos();
  }

  @Test
  void theFirstPassCostsNothing() {
    assertThat(Pace.first(START).pause(START)).isZero();
  }

  @Test
  void expensivePassesOfAColdJvmFollowEachOtherAtOnce() {
    Pace pace = Pace.first(START);
    for (int i = 1; i <= 3; i++) {
      assertThat(pace.pause(after(ms(i * 120L)))).isZero();
      pace = pace.next(after(ms(i * 120L)), ms(110));
    }
  }

  @Test
  void anEmptyBudgetIsWaitedForUntilItIsZeroAgain() {
    Pace pace = Pace.first(START).next(START, Pace.BURST.plus(ms(4)));

    assertThat(pace.pause(START)).isEqualTo(ms(200));
    assertThat(pace.pause(after(ms(160)))).isEqualTo(ms(40));
    assertThat(pace.pause(after(ms(200)))).isLessThanOrEqualTo(Duration.ZERO);
  }

  @Test
  void endlessWorkGetsNoMoreThanItsShare() {
    Duration spent = Duration.ZERO;
    Pace pace = Pace.first(START);
    long now = START;
    while (now - START < Duration.ofMinutes(2).toNanos()) {
      now += Math.max(0, pace.pause(now).toNanos()) + ms(3).toNanos();
      pace = pace.next(now, ms(2));
      spent = spent.plus(ms(2));
    }
    assertThat(spent)
        .isBetween(Duration.ofMinutes(2).dividedBy(51), Duration.ofMinutes(2).dividedBy(30));
  }

  @Test
  void quietSavesUpNoMoreThanABurst() {
    Pace quiet = Pace.first(START).next(after(Duration.ofHours(1)), Duration.ZERO);

    assertThat(quiet.budget()).isEqualTo(Pace.BURST);
  }

  @Test
  void noPassHoweverExpensiveIsFollowedByMinutesOfDeafness() {
    Pace pace = Pace.first(START).next(START, Duration.ofSeconds(60));

    assertThat(pace.pause(START)).isEqualTo(Pace.LONGEST_PAUSE);
  }

  @Test
  void theTickGrowsWithTheCostOfAPass() {
    assertThat(Pace.first(START).next(START, ms(2)).tick()).isEqualTo(Duration.ofSeconds(10));
    assertThat(Pace.first(START).next(START, ms(10)).tick()).isEqualTo(Duration.ofSeconds(50));
    assertThat(Pace.first(START).next(START, ms(90)).tick()).isEqualTo(Pace.LONGEST_TICK);
  }
}
