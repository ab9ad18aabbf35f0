// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Which failures the log is told of (P10, P37). */
class StreakTest {

  private long now = Duration.ofHours(1).toNanos();
  private final Pace usual = TestNode.QUICK;
  private final Streak streak =
      new Streak(
          new Pace(
              () -> now,
              usual.wall(),
              usual.random(),
              usual.relist(),
              usual.write(),
              usual.distrust(),
              usual.restore()));

  private void pass(int seconds) {
    now += Duration.ofSeconds(seconds).toNanos();
  }

  @Test
  void aReasonIsToldOnce() {
    assertThat(streak.failed("no route")).isTrue();
    pass(60);
    assertThat(streak.failed("no route")).isFalse();
    assertThat(streak.end()).isEqualTo(2);
    assertThat(streak.failed("no route")).as("a new streak").isTrue();
  }

  @Test
  void anotherReasonIsToldToo() {
    assertThat(streak.failed("no route")).isTrue();
    pass(11);
    assertThat(streak.failed("wrong certificate")).isTrue();
  }

  @Test
  void thereIsOneLineInTenSecondsEvenIfItComesAndGoes() {
    assertThat(streak.failed("no route")).isTrue();
    pass(5);
    assertThat(streak.failed("wrong certificate")).isFalse();
    assertThat(streak.end()).isEqualTo(2);
    assertThat(streak.failed("no route")).isFalse();
    assertThat(streak.end()).as("nothing told, nothing to take back").isZero();
    assertThat(streak.failed("no route")).isFalse();
    pass(5);
    assertThat(streak.failed("no route")).as("still so, now told").isTrue();
  }
}
