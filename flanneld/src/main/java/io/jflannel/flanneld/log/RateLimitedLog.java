// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Warnings about failures that repeat: per cause at most one line in ten seconds, which then says
 * how many were left out, and one line when it is over (P37). A failure that comes and goes within
 * the ten seconds is silent in both directions, so flapping does not flood either.
 *
 * <p>Safe for use by any thread. Remembers the 1,000 causes used last.
 */
public final class RateLimitedLog {

  private static final long INTERVAL_NANOS = 10_000_000_000L;
  private static final int MAX_CAUSES = 1_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Causes causes = new Causes();
  private final Logger logger;
  private final LongSupplier nanoTime;

  /**
   * @param nanoTime as System::nanoTime
   */
  public RateLimitedLog(Logger logger, LongSupplier nanoTime) {
    this.logger = logger;
    this.nanoTime = nanoTime;
  }

  /**
   * Something failed.
   *
   * @param cause what lines are counted by: a constant, or one with the name of what failed
   */
  public void failed(String cause, String message) {
    failed(cause, message, Optional.empty());
  }

  /** As {@link #failed(String, String)} with what was thrown. */
  public void failed(String cause, String message, Throwable thrown) {
    failed(cause, message, Optional.of(thrown));
  }

  private void failed(String cause, String message, Optional<Throwable> thrown) {
    long leftOut = leftOutOrSilent(cause);
    if (leftOut < 0) {
      return;
    }
    String line =
        leftOut == 0 ? message : message + " (" + leftOut + " more not logged since the last line)";
    thrown.ifPresentOrElse(
        t -> logger.log(Level.WARNING, line, t), () -> logger.log(Level.WARNING, line));
  }

  /**
   * It works again, or still: says so if the failure was logged, does nothing otherwise.
   *
   * @param message the number of failures is added
   */
  public void recovered(String cause, String message) {
    long failures;
    lock.lock();
    try {
      Streak streak = causes.get(cause);
      if (streak == null || streak.failures == 0) {
        return;
      }
      failures = streak.announced ? streak.failures : 0;
      if (streak.announced) {
        streak.leftOut = 0;
      }
      streak.failures = 0;
      streak.announced = false;
    } finally {
      lock.unlock();
    }
    if (failures > 0) {
      logger.log(
          Level.INFO,
          message + " (after " + failures + (failures == 1 ? " failure)" : " failures)"));
    }
  }

  /** How many lines were left out before the one to write now; -1 if none is to be written. */
  private long leftOutOrSilent(String cause) {
    long now = nanoTime.getAsLong();
    lock.lock();
    try {
      Streak streak = causes.get(cause);
      if (streak == null) {
        streak = new Streak(now - INTERVAL_NANOS);
        causes.put(cause, streak);
      }
      streak.failures++;
      if (now - streak.spokenAt < INTERVAL_NANOS) {
        streak.leftOut++;
        return -1;
      }
      long leftOut = streak.leftOut;
      streak.spokenAt = now;
      streak.leftOut = 0;
      streak.announced = true;
      return leftOut;
    } finally {
      lock.unlock();
    }
  }

  /** Guarded by the lock. */
  private static final class Streak {
    private long spokenAt;
    private long leftOut;
    private long failures;
    private boolean announced;

    Streak(long spokenAt) {
      this.spokenAt = spokenAt;
    }
  }

  /** The least recently used goes first. */
  private static final class Causes extends LinkedHashMap<String, Streak> {
    private static final long serialVersionUID = 1L;

    Causes() {
      super(16, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Streak> eldest) {
      return size() > MAX_CAUSES;
    }
  }
}
