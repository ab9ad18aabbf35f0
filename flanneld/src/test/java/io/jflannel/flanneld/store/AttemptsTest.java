// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When the own key may be written next. */
class AttemptsTest {

  private static final Pace USUAL = TestNode.QUICK;

  private long now = Duration.ofHours(1).toNanos();
  private final Attempts attempts =
      new Attempts(
          new Pace(
              () -> now,
              USUAL.wall(),
              USUAL.random(),
              USUAL.relist(),
              USUAL.write(),
              USUAL.distrust(),
              USUAL.restore()));

  @Test
  void hasteIsCountedFromTheLastAttemptAndNotFromTheLastSuccess() { // P14: deletions while waiting
    attempts.succeeded();
    now += Duration.ofMinutes(10).toNanos();
    attempts.failed("out of subnets");
    attempts.hurry();
    assertThat(attempts.notBefore()).isEqualTo(now + USUAL.restore().toNanos());

    now += Duration.ofMinutes(10).toNanos();
    attempts.postpone();
    attempts.hurry();
    assertThat(attempts.notBefore()).isEqualTo(now + USUAL.restore().toNanos());
  }
}
