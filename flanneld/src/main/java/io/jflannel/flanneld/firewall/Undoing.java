// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Notices that somebody keeps undoing our rules. Owned by one thread. */
final class Undoing {

  /** So many repairs within the window are no accident. */
  private static final int SUSPICIOUS = 5;

  private static final long WINDOW = Duration.ofMinutes(1).toNanos();

  private final Deque<Long> repairs = new ArrayDeque<>();
  private String culprit = "";
  private long total;

  /**
   * Rules were put back.
   *
   * @param by the process that had changed them; empty if not known
   */
  void repaired(long nanoTime, String by) {
    total++;
    repairs.addLast(nanoTime);
    if (!by.isEmpty()) {
      culprit = by;
    }
  }

  long total() {
    return total;
  }

  List<String> opponents(long nanoTime) {
    while (!repairs.isEmpty() && nanoTime - repairs.getFirst() > WINDOW) {
      repairs.removeFirst();
    }
    if (repairs.size() < SUSPICIOUS) {
      return List.of();
    }
    return List.of(
        "our rules are undone by %s, repaired %d times within a minute"
            .formatted(culprit.isEmpty() ? "somebody unknown" : culprit, repairs.size()));
  }
}
