// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import java.time.Duration;

/**
 * What the log is told of failures of one cause: each reason once, when it is new, and at most one
 * line per 10 s (P10, P37). One thread's.
 */
public final class Streak {

  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final Pace pace;
  private long quietUntil;
  private String told = "";
  private int failures;

  /** A streak without failures. */
  public Streak(Pace pace) {
    this.pace = pace;
    this.quietUntil = pace.now();
  }

  /** One failure more; returns whether the log should have it. */
  public boolean failed(String reason) {
    failures++;
    if (reason.equals(told) || pace.now() - quietUntil < 0) {
      return false;
    }
    told = reason;
    quietUntil = pace.now() + PAUSE.toNanos();
    return true;
  }

  /** Ends it; returns how many failures it had, or 0 if the log had none of them. */
  public int end() {
    int count = told.isEmpty() ? 0 : failures;
    failures = 0;
    told = "";
    return count;
  }
}
