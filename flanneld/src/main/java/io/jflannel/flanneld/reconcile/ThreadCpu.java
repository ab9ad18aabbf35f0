// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The CPU time of the calling platform thread. */
final class ThreadCpu {

  /** Time on the CPU in ns, time waiting for it, slices (Documentation/scheduler/sched-stats). */
  private static final Path SCHEDSTAT = Path.of("/proc/thread-self/schedstat");

  private ThreadCpu() {}

  /** Since the thread started; the clock's time on a kernel without scheduler statistics. */
  static Duration now() {
    try {
      String text = Files.readString(SCHEDSTAT);
      return Duration.ofNanos(Long.parseLong(text.substring(0, text.indexOf(' '))));
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return Duration.ofNanos(System.nanoTime());
    }
  }
}
