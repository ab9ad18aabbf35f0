// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.time.Duration;

/**
 * When to look again after others have changed something: at once after quiet and soon once more,
 * as a reload is many changes; then no change waits longer than {@link #EACH}, which is also the
 * least time between two looks on average.
 */
final class Pace {

  /** With the time that a repair takes it makes a second. */
  static final Duration EACH = Duration.ofMillis(800);

  /** Between two looks in a row. */
  private static final Duration BREATH = Duration.ofMillis(200);

  private long last;

  /** Until when the looks so far have used up their share of time. */
  private long paid;

  /**
   * @param nanoTime now; a look is due at once
   */
  Pace(long nanoTime) {
    last = nanoTime - BREATH.toNanos();
    paid = nanoTime;
  }

  /** How long to wait before the next look; not negative. */
  Duration pause(long nanoTime) {
    long breath = last + BREATH.toNanos() - nanoTime;
    long share = paid - EACH.toNanos() - nanoTime;
    return Duration.ofNanos(Math.max(0, Math.max(breath, share)));
  }

  void looked(long nanoTime) {
    last = nanoTime;
    paid = Math.max(paid - nanoTime, 0) + nanoTime + EACH.toNanos();
  }
}
