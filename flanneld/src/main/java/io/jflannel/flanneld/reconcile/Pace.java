// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import java.time.Duration;

/**
 * How often passes may run: a budget of CPU time that fills by a 64th of the time that goes by, up
 * to {@link #BURST}, and of which each pass takes what it cost. So what happens after quiet is
 * followed at once, several times in a row even while the JVM is cold, and whoever keeps undoing
 * our state costs no more than 5 % of a CPU, with what listening and reporting take. After a single
 * enormous pass the next one waits {@link #LONGEST_PAUSE}, not minutes.
 *
 * <p>Without any cause there is a pass every tick, for what the kernel tells nobody, such as
 * settings below /proc/sys and rules of policy routing.
 *
 * @param ended when the last pass ended, as System::nanoTime
 * @param cpu the CPU time it took
 * @param budget CPU time that was left then; negative in debt
 */
record Pace(long ended, Duration cpu, Duration budget) {

  /** The most that quiet saves up: several passes of a cold JVM. */
  static final Duration BURST = Duration.ofMillis(300);

  /** Time that must go by for each unit of CPU time. */
  private static final int SHARE = 64;

  static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private static final Duration DEEPEST_DEBT = LONGEST_PAUSE.dividedBy(SHARE);

  /** Passes that nothing but time causes take 0.02 % of a CPU. */
  private static final int TICK = 5_000;

  private static final Duration SHORTEST_TICK = Duration.ofSeconds(10);
  static final Duration LONGEST_TICK = Duration.ofMinutes(1);

  /** After the first pass, which costs nothing: it may program thousands of peers. */
  static Pace first(long ended) {
    return new Pace(ended, Duration.ZERO, BURST);
  }

  /** After the next pass, which ended at {@code now} and took {@code cost} of CPU time. */
  Pace next(long now, Duration cost) {
    Duration filled = budget.plus(Duration.ofNanos(now - ended).dividedBy(SHARE));
    Duration left = shorter(filled, BURST).minus(cost);
    return new Pace(now, cost, longer(left, DEEPEST_DEBT.negated()));
  }

  /** What is left of the pause at {@code now}; zero or negative if a pass may start. */
  Duration pause(long now) {
    return budget.isNegative()
        ? budget.negated().multipliedBy(SHARE).minusNanos(now - ended)
        : Duration.ZERO;
  }

  /** From the last pass's end to the next one that nothing else causes. */
  Duration tick() {
    return shorter(longer(cpu.multipliedBy(TICK), SHORTEST_TICK), LONGEST_TICK);
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}
