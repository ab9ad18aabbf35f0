// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import java.time.Duration;

/**
 * How often passes may run: after quiet at once, else none sooner than thirty times the CPU time of
 * the last one, and without any cause every tick. Whoever keeps undoing our state costs at most 5 %
 * of a CPU so, with what listening takes. The first pass counts for nothing: the JVM was cold, and
 * the second one follows at once.
 *
 * @param ended when the last pass ended, as System::nanoTime
 * @param wall how long it took
 * @param cpu the CPU time it took
 */
record Pace(long ended, Duration wall, Duration cpu) {

  private static final int PAUSE = 30;
  private static final int TICK = 1_000;
  private static final Duration SHORTEST_TICK = Duration.ofSeconds(10);

  /** After the first pass. */
  static Pace first(long ended) {
    return new Pace(ended, Duration.ZERO, Duration.ZERO);
  }

  /** What is left of the pause at {@code now}; zero or negative if a pass may start. */
  Duration pause(long now) {
    Duration busy = cpu.multipliedBy(PAUSE);
    return (busy.compareTo(wall) > 0 ? busy : wall).minusNanos(now - ended);
  }

  /** From the last pass's end to the next one that nothing else causes. */
  Duration tick() {
    Duration tick = cpu.multipliedBy(TICK);
    return tick.compareTo(SHORTEST_TICK) > 0 ? tick : SHORTEST_TICK;
  }
}
