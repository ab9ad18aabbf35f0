// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PaceTest {

  private static final long MILLISECOND = 1_000_000;

  /** Negative, as the clock may be. */
  private static final long START = -5_000 * MILLISECOND;

  /** When one looks, in milliseconds, if something is changed at these times. */
  private static List<Long> looks(long... changes) {
    Pace pace = new Pace(START);
    List<Long> looks = new ArrayList<>();
    for (long change : changes) {
      if (looks.isEmpty() || looks.getLast() <= change) { // else it is seen by that look
        long now = START + change * MILLISECOND;
        long look = now + pace.pause(now).toNanos();
        pace.looked(look);
        looks.add((look - START) / MILLISECOND);
      }
    }
    return looks;
  }

  @Test
  void whatComesAfterQuietIsLookedAtAtOnce() {
    assertThat(looks(0, 3_000, 60_000)).containsExactly(0L, 3_000L, 60_000L);
  }

  @Test // a reload; the third waited until 2,000
  void noneOfThreeChangesWaitsForLong() {
    assertThat(looks(0, 250, 500)).containsExactly(0L, 250L, 800L);
    assertThat(looks(0, 10, 210)).containsExactly(0L, 200L, 800L);
  }

  @Test
  void whoeverChangesAllTheTimeMeetsABound() {
    long[] changes = new long[10_000];
    for (int i = 0; i < changes.length; i++) {
      changes[i] = i;
    }

    List<Long> looks = looks(changes);

    assertThat(looks).hasSize((int) (looks.getLast() / Pace.EACH.toMillis()) + 2);
    for (int i = 1; i < looks.size(); i++) {
      assertThat(Duration.ofMillis(looks.get(i) - looks.get(i - 1))).isLessThanOrEqualTo(Pace.EACH);
    }
  }
}
