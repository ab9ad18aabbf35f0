// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import io.jflannel.bench.udp.Udp;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** {@code bench/run [--quick] NAME...}. */
public final class Bench {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Looks around, after waiting for quiet. */
  interface Observer {
    Surroundings look(Duration patience) throws InterruptedException;
  }

  private Bench() {}

  /** Exit status 0: every aim met; 1: not every one; 2: no such benchmark. */
  public static void main(String[] names) throws InterruptedException {
    List<String> chosen = new ArrayList<>(List.of(names));
    Scale scale = chosen.remove("--quick") ? Scale.QUICK : Scale.FULL;
    System.exit(run(System.out, all(scale), chosen, Surroundings::whenQuiet));
  }

  private static List<Benchmark> all(Scale scale) {
    return List.of(
        new Convergence(), new Footprint(), new Rules(), new Udp(scale), new Kube(scale));
  }

  static int run(PrintStream out, List<Benchmark> all, List<String> names, Observer observer)
      throws InterruptedException {
    List<Benchmark> chosen = new ArrayList<>();
    for (String name : names) {
      all.stream().filter(b -> b.name().equals(name)).findFirst().ifPresent(chosen::add);
    }
    if (names.isEmpty() || chosen.size() < names.size()) {
      String known = all.stream().map(Benchmark::name).collect(Collectors.joining(", "));
      out.println("Usage: bench/run [--quick] NAME...; there are: " + known);
      return 2;
    }
    boolean met = true;
    for (Benchmark benchmark : chosen) {
      out.print("before " + observer.look(PATIENCE).text());
      Report report =
          new Report(
              benchmark.name(),
              benchmark.reference(),
              benchmark.run(step -> out.println("* " + step)));
      out.print("after " + observer.look(Duration.ZERO).text());
      out.print("\n" + report.text() + "\n");
      met &= report.met();
    }
    return met ? 0 : 1;
  }
}
