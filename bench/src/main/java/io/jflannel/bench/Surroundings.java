// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What else runs on the machine: measured, shown, never hidden.
 *
 * @param load the three load averages
 * @param busy share of all CPUs in use during the sample, 0..1
 * @param busiest the processes that used most of it, at most five, with their share of one CPU
 */
record Surroundings(String load, double busy, List<String> busiest) {

  private static final Duration SAMPLE = Duration.ofSeconds(1);
  private static final double QUIET = 0.10;

  private record Ticks(long busy, long all, Map<Long, Long> byProcess) {}

  /** Watches the machine for a second. */
  static Surroundings now() throws InterruptedException {
    Ticks before = ticks();
    Thread.sleep(SAMPLE);
    Ticks after = ticks();
    long all = Math.max(1, after.all() - before.all());
    double perCpu = (double) all / Runtime.getRuntime().availableProcessors();
    List<String> busiest =
        after.byProcess().entrySet().stream()
            .map(e -> Map.entry(e.getKey(), used(e, before)))
            .filter(e -> e.getValue() > 0)
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(5)
            .map(e ->
                "%s (%d) %.0f %%"
                    .formatted(name(e.getKey()), e.getKey(), 100 * e.getValue() / perCpu))
            .toList();
    return new Surroundings(
        String.join(" ", List.of(ProcFile.of("loadavg").split(" ", -1)).subList(0, 3)),
        (double) (after.busy() - before.busy()) / all,
        busiest);
  }

  /**
   * Waits until less than a tenth of the machine is in use, at most this long; says what it got.
   */
  static Surroundings whenQuiet(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    Surroundings now = now();
    while (now.busy() > QUIET && System.nanoTime() - deadline < 0) {
      now = now();
    }
    return now;
  }

  boolean quiet() {
    return busy <= QUIET;
  }

  String text() {
    return "beside it: load %s, %.0f %% of the CPUs in use%s%s%n"
        .formatted(
            load,
            100 * busy,
            busiest.isEmpty() ? "" : ": " + String.join(", ", busiest),
            quiet() ? "" : " -- NOT QUIET: read times with care, ratios less so");
  }

  private static long used(Map.Entry<Long, Long> after, Ticks before) {
    return after.getValue() - before.byProcess().getOrDefault(after.getKey(), after.getValue());
  }

  private static String name(long pid) {
    return ProcFile.of(pid, "comm").map(String::strip).orElse("?");
  }

  private static Ticks ticks() {
    String total = ProcFile.of("stat").lines().findFirst().orElseThrow();
    List<Long> fields =
        Stream.of(total.split(" +", -1)).skip(1).limit(8).map(Long::valueOf).toList();
    long all = fields.stream().mapToLong(Long::longValue).sum();
    long idle = fields.get(3) + fields.get(4); // idle and iowait: proc_stat(5)
    Map<Long, Long> byProcess = new HashMap<>();
    long self = ProcessHandle.current().pid();
    ProcessHandle.allProcesses()
        .map(ProcessHandle::pid)
        .filter(pid -> pid != self)
        .collect(Collectors.toSet())
        .forEach(pid ->
            ProcFile.of(pid, "stat")
                .ifPresent(stat -> byProcess.put(pid, ProcessUsage.ticks(stat))));
    return new Ticks(all - idle, all, byProcess);
  }
}
