// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.bench.ProcFile;
import io.jflannel.bench.ProcessUsage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What has been used so far.
 *
 * @param processSeconds of CPU time by the tunnel's processes
 * @param machineSeconds of CPU time by the whole machine
 * @param allocated bytes of Java heap by all threads of these processes
 * @param allocatedByPath likewise, by the threads of the data path
 */
record Usage(
    double processSeconds, double machineSeconds, double allocated, double allocatedByPath) {

  private static final double TICKS_PER_SECOND = 100; // USER_HZ
  private static final List<Integer> WORKING =
      List.of(0, 1, 2, 5, 6); // proc_stat(5): no idle, steal
  private static final Pattern THREAD =
      Pattern.compile("(?m)^\"(.*)\" #.* allocated=(\\d+)([BKMGT]) ");
  private static final String PATH_THREADS = "udp";
  private static final String UNITS = "BKMGT";

  /** Asks the kernel and, if the processes are ours, their JVMs. */
  static Usage now(List<Long> processes, boolean areJava) {
    List<String> threads = areJava ? processes.stream().map(Usage::threads).toList() : List.of();
    return new Usage(
        processes.stream().mapToLong(ProcessUsage::scheduledNanos).sum() / 1e9,
        machineSeconds(ProcFile.of("stat")),
        sum(threads, name -> true),
        sum(threads, name -> name.startsWith(PATH_THREADS)));
  }

  /** What has been used between an earlier moment and this. */
  Usage since(Usage earlier) {
    return new Usage(
        processSeconds - earlier.processSeconds,
        machineSeconds - earlier.machineSeconds,
        allocated - earlier.allocated,
        allocatedByPath - earlier.allocatedByPath);
  }

  static double machineSeconds(String stat) {
    List<String> fields = List.of(stat.lines().findFirst().orElseThrow().split(" +", -1));
    return WORKING.stream().mapToLong(i -> Long.parseLong(fields.get(i + 1))).sum()
        / TICKS_PER_SECOND;
  }

  private static double sum(List<String> dumps, Predicate<String> wanted) {
    return dumps.stream().mapToDouble(dump -> allocated(dump, wanted)).sum();
  }

  /** The sum over these threads of a dump; not a number if there is none of them. */
  static double allocated(String dump, Predicate<String> wanted) {
    Matcher thread = THREAD.matcher(dump);
    double sum = Double.NaN;
    while (thread.find()) {
      if (wanted.test(thread.group(1))) {
        double bytes = Long.parseLong(thread.group(2)) * unit(thread.group(3));
        sum = Double.isNaN(sum) ? bytes : sum + bytes;
      }
    }
    return sum;
  }

  private static double unit(String letter) {
    return Math.pow(1024, UNITS.indexOf(letter));
  }

  /** The dump of a JVM's threads tells what each has allocated; asking allocates nothing there. */
  private static String threads(long process) {
    Path jcmd = Path.of(System.getProperty("java.home", ""), "bin", "jcmd");
    List<String> command = List.of(jcmd.toString(), Long.toString(process), "Thread.print", "-e");
    try {
      Process asking = new ProcessBuilder(command).redirectErrorStream(true).start();
      return new String(asking.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
