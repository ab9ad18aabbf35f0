// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * {@code bench/run convergence}: a daemon starts while an etcd holds the leases of N peers. The
 * property {@code jflannel.bench.peers} restricts N, for example to {@code 1000,5000}.
 */
final class Convergence implements Benchmark {

  private static final int SMALL = 1_000;
  private static final int MEDIUM = 5_000;
  private static final int LARGE = 20_000;
  private static final long SETTLE_MILLIS = 5_000;

  /** Upstream HEAD, whole process, CPU seconds, as issue 3 quotes it: the low end of its range. */
  private static final Map<String, Double> UPSTREAM_CPU_SECONDS =
      Map.of(
          "vxlan 1000", 0.7,
          "vxlan 5000", 2.7,
          "vxlan 20000", 19.0,
          "host-gw 1000", 2.4,
          "host-gw 5000", 50.0,
          "host-gw 20000", 80.0); // ended there, not a third done

  /** Upstream HEAD, seconds from exec to its subnet file, likewise. */
  private static final Map<String, Double> UPSTREAM_FILE_SECONDS =
      Map.of("vxlan 1000", 0.6, "vxlan 5000", 2.3, "vxlan 20000", 15.0);

  private record Round(
      double passMillis, double batchMillis, double processSeconds, double fileSeconds) {}

  @Override
  public String name() {
    return "convergence";
  }

  @Override
  public String reference() {
    return "kernel programming: ip -batch + bridge -batch, same objects, same run; whole process"
        + " and subnet file: upstream HEAD, measured elsewhere, quoted from issue 3; medians of 3"
        + " rounds, 20000 peers: 1 round";
  }

  @Override
  public List<Row> run(Consumer<String> progress) throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (String type : List.of(Peers.VXLAN, Peers.HOST_GW)) {
      for (int count : sizes()) {
        rows.addAll(measure(new Peers(type), count, progress));
      }
    }
    return rows;
  }

  private static List<Integer> sizes() {
    return Stream.of(System.getProperty("jflannel.bench.peers", "1000,5000,20000").split(",", -1))
        .map(Integer::valueOf)
        .toList();
  }

  private static List<Row> measure(Peers peers, int count, Consumer<String> progress)
      throws InterruptedException {
    String label = peers.type() + " " + count;
    int rounds = count < LARGE ? 3 : 1;
    List<Round> measured = new ArrayList<>();
    List<Row> steady = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      progress.accept(label + ", round " + round + " of " + rounds);
      boolean last = round == rounds && count == MEDIUM;
      Round now = round(peers, count, last ? steady : new ArrayList<>(), last);
      progress.accept("  " + now);
      measured.add(now);
    }
    List<Row> rows = new ArrayList<>(rows(label, passAim(peers, count), count, measured));
    rows.addAll(steady);
    return rows;
  }

  private static Round round(Peers peers, int count, List<Row> steady, boolean measureSteady)
      throws InterruptedException {
    try (Host host = Host.create("conv")) {
      Etcd etcd = Etcd.start(host, peers, count);
      Daemon daemon = Daemon.start(host);
      double file = Median.millis(daemon.awaitSubnetFile()) / 1000;
      Status done = daemon.awaitProgrammed(count);
      double cpu = daemon.usage().cpu().toMillis() / 1000.0;
      if (measureSteady) {
        steady.addAll(steady(peers, count, host, etcd, daemon));
      }
      return new Round(done.passCpuMillis(), IpBatch.cpuMillis(peers, count), cpu, file);
    }
  }

  /** What it costs once everything is programmed. */
  private static List<Row> steady(Peers peers, int count, Host host, Etcd etcd, Daemon daemon)
      throws InterruptedException {
    String label = peers.type() + " " + count;
    Thread.sleep(SETTLE_MILLIS);
    long messages = daemon.status().messages();
    etcd.add(peers, count, count + 1);
    Status added = daemon.awaitProgrammed(count + 1);
    long written = added.messages() - messages;
    Status.Pass idle = idlePass(added, host, daemon);
    return List.of(
        Row.alone(
            label + ": idle pass, objects written",
            "objects",
            (double) (idle.puts() + idle.deletes()),
            new Aim.AtMost(0)),
        Row.alone(label + ": idle pass, CPU", "ms", (double) idle.cpuMillis(), new Aim.AtMost(20)),
        Row.alone(label + ": one peer added", "messages", (double) written, new Aim.AtMost(5)));
  }

  /** A pass that has nothing to do: another address on the underlay makes the daemon look. */
  private static Status.Pass idlePass(Status earlier, Host host, Daemon daemon)
      throws InterruptedException {
    Thread.sleep(SETTLE_MILLIS);
    host.run("ip", "address", "add", "10.128.0.200/32", "dev", "eth0");
    return daemon
        .awaitStatus("another pass", status -> !status.last().at().equals(earlier.last().at()))
        .last();
  }

  private static List<Row> rows(String label, Aim passAim, int count, List<Round> rounds) {
    Aim processAim =
        switch (count) {
          case MEDIUM -> new Aim.AtMost(1.0);
          case LARGE -> new Aim.AtMost(2.0);
          default -> new Aim.None();
        };
    return List.of(
        Row.against(
            label + ": CPU of kernel programming",
            "ms",
            median(rounds, Round::passMillis),
            median(rounds, Round::batchMillis),
            passAim),
        new Row(
            label + ": CPU of the process (reference measured elsewhere)",
            "s",
            median(rounds, Round::processSeconds),
            figure(UPSTREAM_CPU_SECONDS, label),
            processAim),
        new Row(
            label + ": exec to subnet file (reference measured elsewhere)",
            "s",
            median(rounds, Round::fileSeconds),
            figure(UPSTREAM_FILE_SECONDS, label),
            new Aim.None()));
  }

  private static Aim passAim(Peers peers, int count) {
    return switch (count) {
      case SMALL -> new Aim.RatioAtMost(peers.isVxlan() ? 0.4 : 0.6);
      case MEDIUM -> new Aim.RatioAtMost(0.15);
      case LARGE -> new Aim.RatioAtMost(0.05);
      default -> new Aim.None();
    };
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> value) {
    return Median.of(rounds.stream().mapToDouble(value).boxed().toList());
  }

  private static OptionalDouble figure(Map<String, Double> figures, String label) {
    return figures.containsKey(label)
        ? OptionalDouble.of(figures.get(label))
        : OptionalDouble.empty();
  }
}
