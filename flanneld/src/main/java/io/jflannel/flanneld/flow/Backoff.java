// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.flow;

import java.time.Duration;

/**
 * Pauses that double from a first to a longest one. A value: {@link #next()} gives the longer one.
 *
 * @param pause how long to wait now
 * @param longest the limit
 */
public record Backoff(Duration pause, Duration longest) {

  public Backoff next() {
    Duration doubled = pause.multipliedBy(2);
    return new Backoff(doubled.compareTo(longest) > 0 ? longest : doubled, longest);
  }

  /**
   * The pause, shortened by up to a quarter so that many nodes do not return at once. {@code
   * random} is within [0, 1).
   */
  public Duration jittered(double random) {
    return pause.minusNanos((long) (pause.toNanos() * random / 4));
  }
}
