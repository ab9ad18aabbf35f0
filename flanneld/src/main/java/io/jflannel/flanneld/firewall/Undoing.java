// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Notices that somebody keeps undoing our rules. Owned by one thread. */
final class Undoing {

  /** So many repairs within the window are no accident. */
  private static final int SUSPICIOUS = 5;

  private static final long WINDOW = Duration.ofMinutes(1).toNanos();

  private record Repair(long nanoTime, String by) {}

  private final Deque<Repair> repairs = new ArrayDeque<>();
  private long total;

  /**
   * Rules were put back.
   *
   * @param by the process that had changed them; empty if not known
   */
  void repaired(long nanoTime, String by) {
    total++;
    repairs.addLast(new Repair(nanoTime, by));
  }

  long total() {
    return total;
  }

  List<String> opponents(long nanoTime) {
    while (!repairs.isEmpty() && nanoTime - repairs.getFirst().nanoTime() > WINDOW) {
      repairs.removeFirst();
    }
    if (repairs.size() < SUSPICIOUS) {
      return List.of();
    }
    return List.of(
        "our rules are undone by %s, repaired %d times within a minute"
            .formatted(last().orElse("somebody unknown"), repairs.size()));
  }

  private Optional<String> last() {
    return repairs.reversed().stream().map(Repair::by).filter(by -> !by.isEmpty()).findFirst();
  }
}
