// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.reconcile.PassReport.Opponent;
import io.jflannel.flanneld.state.Kernel.What;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** Notices that somebody keeps undoing our state. Owned by one thread. */
final class Opposition {

  /** So many repairs of one kind within a window are no accident. */
  private static final int SUSPICIOUS = 5;

  private static final long WINDOW = Duration.ofMinutes(1).toNanos();

  private final IntFunction<String> nameOfPort;
  private final Map<What, Streak> streaks = new EnumMap<>(What.class);

  /**
   * @param nameOfPort tells who owns a netlink port
   */
  Opposition(IntFunction<String> nameOfPort) {
    this.nameOfPort = nameOfPort;
  }

  /** Repairs of one kind: of this window and of the one before. */
  private record Streak(long since, long now, long before, String by) {}

  /**
   * Repairs in one pass.
   *
   * @param port of whom the kernel told, 0 if of nobody
   */
  void repaired(What what, long nanoTime, int port) {
    Streak streak = at(streaks.getOrDefault(what, new Streak(nanoTime, 0, 0, "")), nanoTime);
    String by = port == 0 ? streak.by() : nameOfPort.apply(port);
    streaks.put(what, new Streak(streak.since(), streak.now() + 1, streak.before(), by));
  }

  private static Streak at(Streak streak, long nanoTime) {
    long age = nanoTime - streak.since();
    if (age < WINDOW) {
      return streak;
    }
    long before = age < 2 * WINDOW ? streak.now() : 0;
    return new Streak(nanoTime, 0, before, before == 0 ? "" : streak.by());
  }

  List<Opponent> opponents(long nanoTime) {
    List<Opponent> opponents = new ArrayList<>();
    streaks.replaceAll((_, streak) -> at(streak, nanoTime));
    streaks.forEach((what, streak) -> {
      long times = streak.now() + streak.before();
      if (times >= SUSPICIOUS) {
        String by = streak.by().isEmpty() ? "somebody unknown" : streak.by();
        opponents.add(new Opponent(what.toString(), times, by));
      }
    });
    return opponents;
  }
}
