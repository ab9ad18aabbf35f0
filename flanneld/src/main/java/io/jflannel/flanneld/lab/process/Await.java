// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for something outside this process that announces itself by no event. */
public final class Await {

  private static final Duration PAUSE = Duration.ofMillis(20);

  private Await() {}

  /**
   * Asks again and again until the answer is yes.
   *
   * @param what completes "no … within 5 s"
   * @throws CommandException if the answer is still no at the end of {@code limit}
   */
  public static void until(String what, Duration limit, BooleanSupplier condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new CommandException("no " + what + " within " + limit.toSeconds() + " s");
      }
      Thread.sleep(PAUSE);
    }
  }
}
