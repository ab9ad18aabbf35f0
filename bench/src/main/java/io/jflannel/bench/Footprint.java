// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** {@code bench/run footprint}: memory, start and rest of a daemon, vxlan over etcd v3. */
final class Footprint implements Benchmark {

  private static final Peers PEERS = new Peers(Peers.VXLAN);
  private static final int FEW = 3;
  private static final int MANY = 5_000;
  private static final int STARTS = 5;
  private static final long QUIET_MILLIS = 20_000;
  private static final long REST_MILLIS = 60_000;
  private static final double KB_PER_MB = 1024;

  @Override
  public String name() {
    return "footprint";
  }

  @Override
  public String reference() {
    return "upstream HEAD, measured elsewhere, quoted from issue 3; start: median of " + STARTS;
  }

  @Override
  public List<Row> run(Consumer<String> progress) throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    rows.add(starts(progress));
    rows.addAll(rest(FEW, 0.05, progress));
    rows.addAll(rest(MANY, 0.2, progress));
    return rows;
  }

  private static Row starts(Consumer<String> progress) throws InterruptedException {
    List<Double> millis = new ArrayList<>();
    for (int start = 1; start <= STARTS; start++) {
      try (Host host = Host.create("start")) {
        Etcd.start(host, PEERS, MANY);
        Daemon daemon = Daemon.start(host);
        millis.add(Median.millis(daemon.awaitSubnetFile()));
        progress.accept("start %d of %d: %.0f ms".formatted(start, STARTS, millis.getLast()));
        daemon.awaitProgrammed(MANY);
      }
    }
    return Row.against(
        MANY + " peers: exec to subnet file", "ms", Median.of(millis), 2300, new Aim.AtMost(500));
  }

  /**
   * Memory after 20 s of quiet, when the start's has been given back, then processor time over 60
   * s.
   */
  private static List<Row> rest(int count, double aimPercent, Consumer<String> progress)
      throws InterruptedException {
    try (Host host = Host.create("rest")) {
      Etcd.start(host, PEERS, count);
      Daemon daemon = Daemon.start(host);
      daemon.awaitProgrammed(count);
      Thread.sleep(QUIET_MILLIS);
      progress.accept(count + " peers: at rest for 60 s");
      List<Row> rows = new ArrayList<>(memory(count, daemon));
      rows.addAll(processor(count, aimPercent, daemon));
      return rows;
    }
  }

  private static List<Row> memory(int count, Daemon daemon) {
    ProcessUsage usage = daemon.usage();
    String label = count + " peers: ";
    double resident = usage.residentKb() / KB_PER_MB;
    return List.of(
        count == MANY
            ? Row.against(label + "RSS", "MB", resident, 46, new Aim.AtMost(64))
            : Row.alone(label + "RSS", "MB", resident, new Aim.None()),
        Row.alone(label + "RSS, anonymous", "MB", usage.anonymousKb() / KB_PER_MB, new Aim.None()),
        Row.alone(label + "RSS, of files", "MB", usage.ofFilesKb() / KB_PER_MB, new Aim.None()),
        Row.alone(label + "RSS, peak", "MB", usage.peakKb() / KB_PER_MB, new Aim.None()));
  }

  private static List<Row> processor(int count, double aimPercent, Daemon daemon)
      throws InterruptedException {
    long ticks = daemon.usage().cpu().toNanos();
    long scheduled = ProcessUsage.scheduledNanos(daemon.pid());
    long from = System.nanoTime();
    Thread.sleep(REST_MILLIS);
    double byTicks = daemon.usage().cpu().toNanos() - ticks;
    double byScheduler = ProcessUsage.scheduledNanos(daemon.pid()) - scheduled;
    double elapsed = System.nanoTime() - from;
    return List.of(
        Row.alone(
            count + " peers: CPU at rest (ticks of 10 ms)",
            "%",
            100 * byTicks / elapsed,
            new Aim.AtMost(aimPercent)),
        Row.alone(
            count + " peers: CPU at rest (schedstat of living threads)",
            "%",
            100 * byScheduler / elapsed,
            new Aim.None()));
  }
}
