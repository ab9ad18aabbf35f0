// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a process has used so far, from proc_pid_stat(5) and proc_pid_status(5).
 *
 * @param cpu user and system time of the process and of its descendants, those that ended and were
 *     waited for included
 * @param residentKb resident set of the process alone, in KiB
 * @param peakKb its largest resident set so far, in KiB
 * @param anonymousKb the part of the resident set that is no file's, in KiB
 * @param ofFilesKb the part that is mapped from files, in KiB
 */
public record ProcessUsage(
    Duration cpu, long residentKb, long peakKb, long anonymousKb, long ofFilesKb) {

  /** USER_HZ: what the kernel counts in towards user space, on every architecture Linux runs on. */
  private static final long TICKS_PER_SECOND = 100;

  /** Empty if there is no such process. */
  static Optional<ProcessUsage> of(long pid) {
    return ProcFile.of(pid, "status")
        .map(status ->
            new ProcessUsage(
                treeCpu(pid),
                kb(status, "VmRSS:"),
                kb(status, "VmHWM:"),
                kb(status, "RssAnon:"),
                kb(status, "RssFile:")));
  }

  /**
   * Time on a CPU of the threads that live now, finer than ticks: the first number of {@code
   * /proc/PID/task/TID/schedstat}.
   */
  public static long scheduledNanos(long pid) {
    String[] threads = Path.of("/proc", Long.toString(pid), "task").toFile().list();
    return Stream.of(threads == null ? new String[0] : threads)
        .flatMap(thread -> ProcFile.of(pid, "task/" + thread + "/schedstat").stream())
        .mapToLong(text -> Long.parseLong(text.substring(0, text.indexOf(' '))))
        .sum();
  }

  /** As {@link #scheduledNanos(long)}, of the thread of this name; 0 if there is none. */
  static long scheduledNanos(long pid, String thread) {
    String[] threads = Path.of("/proc", Long.toString(pid), "task").toFile().list();
    return Stream.of(threads == null ? new String[0] : threads)
        .filter(id ->
            ProcFile.of(pid, "task/" + id + "/comm")
                .filter(c -> c.strip().equals(thread))
                .isPresent())
        .flatMap(id -> ProcFile.of(pid, "task/" + id + "/schedstat").stream())
        .mapToLong(text -> Long.parseLong(text.substring(0, text.indexOf(' '))))
        .sum();
  }

  /** CPU time of the children that have ended and were waited for, in nanoseconds. */
  static long childrenNanos(long pid) {
    return ProcFile.of(pid, "stat")
        .map(stat -> fields(stat, 13, 14) * 1_000_000_000 / TICKS_PER_SECOND)
        .orElse(0L);
  }

  private static Duration treeCpu(long pid) {
    Stream<Long> descendants =
        ProcessHandle.of(pid).stream().flatMap(ProcessHandle::descendants).map(ProcessHandle::pid);
    long ticks =
        Stream.concat(Stream.of(pid), descendants)
            .flatMap(id -> ProcFile.of(id, "stat").stream())
            .mapToLong(ProcessUsage::ticks)
            .sum();
    return Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND);
  }

  /** utime, stime, cutime and cstime of a line of {@code /proc/PID/stat}. */
  static long ticks(String stat) {
    return fields(stat, 11, 12, 13, 14);
  }

  /** The sum of some fields, counted from field 3. */
  private static long fields(String stat, int... indexes) {
    String[] fromField3 = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    return IntStream.of(indexes).mapToLong(i -> Long.parseLong(fromField3[i])).sum();
  }

  private static long kb(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }
}
