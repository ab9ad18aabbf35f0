// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.flow.Backoff;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Clocks, randomness and durations of the store's loop; tests take shorter ones.
 *
 * @param nanos the monotonic clock, which alone decides when something is due (ODD-23)
 * @param wall for people only
 * @param relist pauses between attempts to list and watch (ETC-15: 100 ms to 5 s)
 * @param write pauses between attempts to write the own key: a failed renewal is repeated each
 *     minute or sooner (LIF-11)
 * @param distrust how long a replaced store counts as incomplete (ODD-62)
 * @param restore least time between two repairs of the own key that somebody alters
 */
public record Pace(
    LongSupplier nanos,
    InstantSource wall,
    RandomGenerator random,
    Backoff relist,
    Backoff write,
    Duration distrust,
    Duration restore) {

  /** For the daemon. */
  public static Pace usual() {
    return new Pace(
        System::nanoTime,
        InstantSource.system(),
        RandomGenerator.getDefault(),
        new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5)),
        new Backoff(Duration.ofMillis(500), Duration.ofMinutes(1)),
        Duration.ofSeconds(60),
        Duration.ofSeconds(1));
  }

  /** On the monotonic clock, in nanoseconds. */
  public long now() {
    return nanos.getAsLong();
  }

  /** When a jittered pause that begins now is over. */
  public long after(Backoff backoff) {
    return now() + backoff.jittered(random.nextDouble()).toNanos();
  }
}
