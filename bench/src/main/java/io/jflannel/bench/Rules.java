// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code bench/run rules}: what it costs to see that the traffic rules are as wanted, IPv4 with
 * masquerade, beside upstream's way: for each of ten rules {@code iptables -S CHAIN 1} and {@code
 * iptables -C RULE}.
 *
 * <p>While ours is measured somebody adds a rule to another chain before each check, as kube-proxy
 * does: else there would be nothing to look at.
 */
final class Rules implements Benchmark {

  private static final int FOREIGN = 50_000;
  private static final int PER_CHAIN = 10;
  private static final int PERIODS = 20;
  private static final int REFERENCE_ROUNDS = 5;
  private static final double KB_PER_MB = 1024;
  private static final Pattern TIMES = Pattern.compile("(\\d+)m([\\d.]+)s (\\d+)m([\\d.]+)s");

  /** One way to keep the rules. */
  private enum Way {
    NFTABLES("nftables", "nft", true),
    NFT("iptables-nft", "nft", false),
    LEGACY("iptables-legacy", "legacy", false);

    private final String label;
    private final String variant;
    private final boolean nftables;

    Way(String label, String variant, boolean nftables) {
      this.label = label;
      this.variant = variant;
      this.nftables = nftables;
    }

    String program() {
      return "iptables-" + variant;
    }
  }

  /** What was measured of one way with so many foreign rules. */
  private record Measure(
      double checkMillis, double referenceMillis, double processes, double residentMb) {}

  @Override
  public String name() {
    return "rules";
  }

  @Override
  public String reference() {
    return "upstream's check of ten rules by 20 processes of the same iptables (for nftables: of"
        + " iptables-nft), median of rounds in the same namespace";
  }

  @Override
  public List<Row> run(Consumer<String> progress) throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (Way way : Way.values()) {
      Measure few = measure(way, 0, progress);
      Measure many = measure(way, FOREIGN, progress);
      boolean legacy = way == Way.LEGACY;
      rows.add(check(way, 0, few, legacy ? new Aim.RatioAtMost(0.1) : new Aim.RatioAtMost(0.05)));
      rows.add(check(way, FOREIGN, many, legacy ? new Aim.None() : new Aim.RatioAtMost(0.05)));
      Aim count = new Aim.AtMost(legacy ? 2 : 0);
      rows.add(Row.alone(way.label + ": processes a check", "", few.processes(), count));
      rows.add(Row.alone(way.label + ": processes, " + FOREIGN, "", many.processes(), count));
      rows.add(
          Row.against(
              way.label + ": CPU with " + FOREIGN + " and none",
              "ms",
              many.checkMillis(),
              few.checkMillis(),
              legacy ? new Aim.None() : new Aim.RatioAtMost(2)));
      rows.add(
          Row.against(
              way.label + ": RSS with " + FOREIGN + " and none",
              "MB",
              many.residentMb(),
              few.residentMb(),
              new Aim.RatioAtMost(1.1)));
    }
    return rows;
  }

  private static Row check(Way way, int foreign, Measure measure, Aim aim) {
    return Row.against(
        "%s, %d foreign rules: CPU of a check".formatted(way.label, foreign),
        "ms",
        measure.checkMillis(),
        measure.referenceMillis(),
        aim);
  }

  private static Measure measure(Way way, int foreign, Consumer<String> progress)
      throws InterruptedException {
    try (Host host = Host.create("rules")) {
      if (foreign > 0) {
        load(host, way, foreign);
      }
      store(host, way);
      Path calls = wrappers(host);
      Daemon daemon =
          Daemon.start(
              host,
              List.of(
                  "--local-store=" + host.directory().resolve("store"),
                  "--ip-masq",
                  "--iptables-resync=1",
                  "--iptables-mode=" + way.variant));
      daemon.awaitSubnetFile();
      Thread.sleep(5_000);
      double checkMillis = checkMillis(host, way, daemon);
      double residentMb = daemon.usage().residentKb() / KB_PER_MB;
      daemon.end();
      double processes = processes(host, way, calls);
      double reference = reference(host, way, foreign == 0 ? REFERENCE_ROUNDS : 1);
      progress.accept(
          "%s, %d foreign rules: %.2f ms, upstream's way %.0f ms"
              .formatted(way.label, foreign, checkMillis, reference));
      return new Measure(checkMillis, reference, processes, residentMb);
    }
  }

  private static void store(Host host, Way way) {
    try {
      Path store = Files.createDirectories(host.directory().resolve("store"));
      Files.writeString(
          store.resolve("config"),
          "{\"Network\":\"10.0.0.0/9\",\"EnableNFTables\":%s,\"Backend\":{\"Type\":\"vxlan\"}}"
              .formatted(way.nftables));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Half in each table, in chains of ten, as kube-proxy has them. */
  private static void load(Host host, Way way, int foreign) throws InterruptedException {
    StringBuilder text = new StringBuilder();
    for (String table : List.of("nat", "filter")) {
      text.append('*').append(table).append('\n');
      int chains = foreign / 2 / PER_CHAIN;
      for (int chain = 0; chain < chains; chain++) {
        text.append(":KUBE-SVC-").append(chain).append(" - [0:0]\n");
      }
      for (int rule = 0; rule < foreign / 2; rule++) {
        text.append(
            "-A KUBE-SVC-%d -d 172.%d.%d.%d/32 -p tcp -m tcp --dport 80 -j RETURN\n"
                .formatted(rule % chains, 16 + (rule >> 16), (rule >> 8) & 255, rule & 255));
      }
      text.append("COMMIT\n");
    }
    try {
      Path file = Files.writeString(host.directory().resolve("foreign"), text);
      host.run(way.program() + "-restore", "--noflush", file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** CPU time of the thread that checks, and of the processes it starts, for one check. */
  private static double checkMillis(Host host, Way way, Daemon daemon) throws InterruptedException {
    disturb(host, way);
    Thread.sleep(2_000);
    long before = used(daemon);
    for (int period = 0; period < PERIODS; period++) {
      disturb(host, way);
      Thread.sleep(1_000);
    }
    return (used(daemon) - before) / 1e6 / PERIODS;
  }

  private static long used(Daemon daemon) {
    return ProcessUsage.scheduledNanos(daemon.pid(), "traffic")
        + ProcessUsage.childrenNanos(daemon.pid());
  }

  /** Somebody changes something that is not ours. */
  private static void disturb(Host host, Way way) throws InterruptedException {
    switch (way) {
      case NFTABLES, NFT -> {
        host.run("nft", "add", "table", "ip", "kube-proxy");
        host.run("nft", "add", "chain", "ip", "kube-proxy", "services");
        host.run("nft", "add", "rule", "ip", "kube-proxy", "services", "counter");
      }
      case LEGACY -> {} // each check reads everything anyway
    }
  }

  /** Programs that note each call; a daemon's whole run is too long to trace. */
  private static Path wrappers(Host host) {
    try {
      Path folder = Files.createDirectories(host.directory().resolve("bin"));
      Path calls = Files.createFile(host.directory().resolve("calls"));
      for (String name : List.of("nft", "iptables", "iptables-nft", "iptables-legacy")) {
        for (String suffix : name.equals("nft") ? List.of("") : List.of("", "-save", "-restore")) {
          Path real = Path.of("/usr/sbin", name + suffix);
          Path file = folder.resolve(name + suffix);
          Files.writeString(
              file, "#!/bin/sh\necho $$ >>%s\nexec %s \"$@\"\n".formatted(calls, real));
          Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
      }
      return calls;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many programs one check starts, counted in a run of its own. */
  private static double processes(Host host, Way way, Path calls) throws InterruptedException {
    Path folder = host.directory().resolve("bin");
    Daemon daemon =
        Daemon.start(
            host,
            List.of("/usr/bin/env", "PATH=" + folder + ":" + System.getenv("PATH")),
            List.of(
                "--local-store=" + host.directory().resolve("store"),
                "--ip-masq",
                "--iptables-resync=1",
                "--iptables-mode=" + way.variant));
    try {
      Thread.sleep(10_000);
      long before = Files.readAllLines(calls).size();
      for (int period = 0; period < PERIODS / 2; period++) {
        disturb(host, way);
        Thread.sleep(1_000);
      }
      long count = Files.readAllLines(calls).size() - before;
      return (double) count / (PERIODS / 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      daemon.end();
    }
  }

  /** The rules are still there when the daemon has ended, so every call finds its rule. */
  private static double reference(Host host, Way way, int rounds) throws InterruptedException {
    List<Double> millis = new ArrayList<>();
    if (way == Way.NFTABLES) { // upstream has no check at all there
      store(host, Way.NFT);
      Daemon daemon =
          Daemon.start(
              host,
              List.of(
                  "--local-store=" + host.directory().resolve("store"),
                  "--ip-masq",
                  "--iptables-mode=nft"));
      Thread.sleep(5_000);
      daemon.end();
    }
    String script = script(host, way.program());
    for (int round = 0; round < rounds; round++) {
      Matcher times = TIMES.matcher(host.run("bash", "-c", script + "times"));
      double seconds = 0;
      while (times.find()) {
        seconds +=
            60 * Double.parseDouble(times.group(1))
                + Double.parseDouble(times.group(2))
                + 60 * Double.parseDouble(times.group(3))
                + Double.parseDouble(times.group(4));
      }
      millis.add(1_000 * seconds);
    }
    return Median.of(millis);
  }

  /** Two calls for each of the ten rules: the chain, and the rule as the host prints it. */
  private static String script(Host host, String program) throws InterruptedException {
    StringBuilder script = new StringBuilder("set -e\n");
    for (String table : List.of("nat", "filter")) {
      host.run(program + "-save", "-t", table)
          .lines()
          .filter(line -> line.startsWith("-A ") && line.contains("\"flanneld "))
          .forEach(line -> {
            String rule = line.substring("-A ".length());
            String chain = rule.substring(0, rule.indexOf(' '));
            script.append(
                "%s -w -t %s -S %s 1 >/dev/null\n%s -w -t %s -C %s\n"
                    .formatted(program, table, chain, program, table, rule));
          });
    }
    return script.toString();
  }
}
