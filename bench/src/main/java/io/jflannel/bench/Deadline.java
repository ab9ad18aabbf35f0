// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.time.Duration;

/** A moment until which something is waited for. */
public record Deadline(long nanoTime) {

  private static final Duration STEP = Duration.ofMillis(2);

  /** What is waited for. */
  public interface Condition {
    boolean holds() throws InterruptedException;
  }

  public static Deadline seconds(long seconds) {
    return new Deadline(System.nanoTime() + Duration.ofSeconds(seconds).toNanos());
  }

  /**
   * Looks every 2 ms.
   *
   * @throws IllegalStateException if the deadline passes or the process ends first
   */
  public void await(String what, Process process, Condition condition) throws InterruptedException {
    await(what, process, STEP, condition);
  }

  /** Looks at this pace. */
  void await(String what, Process process, Duration step, Condition condition)
      throws InterruptedException {
    while (!condition.holds()) {
      if (!process.isAlive()) {
        throw new IllegalStateException("waiting for " + what + ": the process ended");
      }
      if (System.nanoTime() - nanoTime > 0) {
        throw new IllegalStateException("waiting for " + what + ": not in time");
      }
      Thread.sleep(step);
    }
  }
}
