// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** CPU time of other processes. */
final class ProcessCpu {

  /** USER_HZ, the unit of {@code /proc/PID/stat} (proc(5)): 100 on all of ours. */
  private static final int TICKS_PER_SECOND = 100;

  private ProcessCpu() {}

  /** User and system time of a process, all threads. */
  static Duration of(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    return Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND);
  }
}
