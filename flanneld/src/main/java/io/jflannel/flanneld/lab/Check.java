// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.Parallel;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Whether the containers of a lab reach each other: for each ordered pair and family a ping, a ping
 * that fills the container's MTU with fragmentation forbidden, and a TCP flow, of which the
 * receiver must see the sender's own address. With masquerade also whether they reach a host
 * outside, which must see the node's address.
 */
public final class Check {

  /** What is tried. */
  public enum Kind {
    PING("ping"),
    FULL_SIZE("full size"),
    TCP("TCP");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    /** The word in a result line. */
    @Override
    public String toString() {
      return word;
    }
  }

  /** Instead of a receiver's number: the host outside. */
  static final int INTERNET = Integer.MAX_VALUE; // sorts behind them

  /**
   * One result.
   *
   * @param from number of the node whose container sends
   * @param to number of the node whose container receives, or {@link #INTERNET}
   * @param detail a time, a size, a rate; or why it failed
   */
  public record Line(int from, int to, Family family, Kind kind, boolean passed, String detail) {

    /** As {@code --check} prints it. */
    @Override
    public String toString() {
      return "%-4s node%d -> %s  %s  %-9s  %s"
          .formatted(passed ? "ok" : "FAIL", from, receiver(to), family, kind, detail);
    }
  }

  /** For people. */
  static String receiver(int to) {
    return to == INTERNET ? "internet" : "node" + to;
  }

  private static final Pattern TIME = Pattern.compile("time=([0-9.]+ ms)");
  private static final int IPV4_AND_ICMP = 20 + 8;
  private static final int IPV6_AND_ICMP = 40 + 8;

  /** An iperf3 server is that for a moment after its client has ended. */
  private static final String BUSY = "the server is busy";

  private static final Duration BUSY_PAUSE = Duration.ofMillis(50);

  private final Lab lab;
  private final long deadline;

  private Check(Lab lab, Duration patience) {
    this.lab = lab;
    this.deadline = System.nanoTime() + patience.toNanos();
  }

  /**
   * Tries every pair.
   *
   * @param patience until when a first ping may fail: the daemons may still be learning of each
   *     other. What comes after the first answer must pass at once
   * @return the results by pair, family and kind
   */
  public static List<Line> run(Lab lab, Duration patience) throws InterruptedException {
    Check check = new Check(lab, patience);
    int n = lab.nodes().size();
    List<Line> lines = new ArrayList<>();
    for (int distance = 1; distance < n; distance++) { // so that each server has one client
      int by = distance;
      List<Integer> senders = IntStream.range(0, n).boxed().toList();
      Parallel.map(senders, i -> check.pair(lab.nodes().get(i), lab.nodes().get((i + by) % n)))
          .forEach(lines::addAll);
    }
    if (lab.internet().isPresent()) {
      for (Node node : lab.nodes()) {
        lines.addAll(check.egress(node, lab.internet().get()));
      }
    }
    lines.sort(
        Comparator.comparingInt(Line::from)
            .thenComparingInt(Line::to)
            .thenComparing(Line::family)
            .thenComparing(Line::kind));
    return lines;
  }

  private List<Line> pair(Node from, Node to) throws InterruptedException {
    List<Line> lines = new ArrayList<>();
    for (Family family : lab.spec().families().list()) {
      Ip target = to.containerAddress(family);
      lines.add(line(from, to, family, Kind.PING, firstPing(from, target)));
      lines.add(line(from, to, family, Kind.FULL_SIZE, fullSizePing(from, target)));
      int told = to.serverLog().length();
      Outcome flow = flow(from, target, "--bytes=1M");
      lines.add(
          line(
              from,
              to,
              family,
              Kind.TCP,
              seen(flow, to.serverLog().substring(told), from.containerAddress(family))));
    }
    return lines;
  }

  private List<Line> egress(Node from, Internet internet) throws InterruptedException {
    List<Line> lines = new ArrayList<>();
    for (Family family : lab.spec().families().list()) {
      Ip target = internet.address(family);
      Outcome ping = firstPing(from, target);
      int told = internet.server().log().length();
      Outcome flow = ping.passed() ? flow(from, target, "--bytes=1M") : ping;
      Outcome seen = seen(flow, internet.server().log().substring(told), from.address(family));
      lines.add(new Line(from.number(), INTERNET, family, Kind.PING, ping.passed(), ping.detail()));
      lines.add(
          new Line(
              from.number(),
              INTERNET,
              family,
              Kind.TCP,
              seen.passed(),
              seen.passed() ? seen.detail() + ", from " + from.address(family) : seen.detail()));
    }
    return lines;
  }

  /** Whether this address asked the server, as it has told since. */
  private static Outcome seen(Outcome flow, String serverLog, Ip client) {
    return !flow.passed() || serverLog.contains("Accepted connection from " + client + ",")
        ? flow
        : new Outcome(false, "the receiver sees another address than " + client);
  }

  /** Passed with a detail, or failed with a reason. */
  private record Outcome(boolean passed, String detail) {}

  private static Line line(Node from, Node to, Family family, Kind kind, Outcome outcome) {
    return new Line(from.number(), to.number(), family, kind, outcome.passed(), outcome.detail());
  }

  private Outcome firstPing(Node from, Ip target) throws InterruptedException {
    Outcome outcome = ping(from, target, List.of());
    while (!outcome.passed() && System.nanoTime() - deadline < 0) {
      outcome = ping(from, target, List.of());
    }
    return outcome;
  }

  private static Outcome fullSizePing(Node from, Ip target) throws InterruptedException {
    int mtu = from.wiredSubnet().mtu();
    int payload = mtu - (target.isV4() ? IPV4_AND_ICMP : IPV6_AND_ICMP);
    Outcome outcome = ping(from, target, List.of("-M", "do", "-s", Integer.toString(payload)));
    return new Outcome(outcome.passed(), mtu + " bytes, " + outcome.detail());
  }

  private static Outcome ping(Node from, Ip target, List<String> options)
      throws InterruptedException {
    List<String> command = List.of("ping", "-n", "-c", "1", "-W", "1");
    Commands.Result result =
        Commands.run(
            Commands.inNetwork(
                from.containerNamespace(),
                Commands.concat(Commands.concat(command, options), List.of(target.toString()))),
            "");
    Matcher time = TIME.matcher(result.output());
    return result.passed() && time.find()
        ? new Outcome(true, time.group(1))
        : new Outcome(false, "no answer from " + target + ": " + lastLines(result.output()));
  }

  /** One line of iperf3: the rate between two containers over two seconds. */
  static String throughput(Node from, Node to, Family family) throws InterruptedException {
    return flow(from, to.containerAddress(family), "--time=2").detail();
  }

  private static Outcome flow(Node from, Ip target, String amount) throws InterruptedException {
    Commands.Result result = iperf3(from, target, amount);
    for (int tries = 0; tries < 50 && result.output().contains(BUSY); tries++) {
      Thread.sleep(BUSY_PAUSE);
      result = iperf3(from, target, amount);
    }
    String output = result.output();
    Optional<Double> rate = result.passed() ? received(output) : Optional.empty();
    return rate.map(
            bits -> new Outcome(true, String.format(Locale.ROOT, "%.2f Gbit/s", bits / 1e9)))
        .orElseGet(() -> new Outcome(false, "iperf3: " + lastLines(output)));
  }

  private static Commands.Result iperf3(Node from, Ip target, String amount)
      throws InterruptedException {
    return Commands.run(
        Commands.inNetwork(
            from.containerNamespace(),
            List.of(
                "iperf3",
                "--client",
                target.toString(),
                amount,
                "--connect-timeout=3000",
                "--json")),
        "");
  }

  private static Optional<Double> received(String output) {
    try {
      return Optional.of(Json.parse(output))
          .flatMap(json -> member(json, "end"))
          .flatMap(json -> member(json, "sum_received"))
          .flatMap(json -> member(json, "bits_per_second"))
          .flatMap(j ->
              j instanceof Json.Num n ? Optional.of(Double.valueOf(n.literal())) : Optional.empty())
          .filter(bits -> bits > 0);
    } catch (JsonException e) {
      return Optional.empty();
    }
  }

  private static Optional<Json> member(Json json, String name) {
    return json instanceof Json.Obj object ? object.member(name) : Optional.empty();
  }

  private static String lastLines(String output) {
    List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
    return String.join(" / ", lines.subList(Math.max(0, lines.size() - 2), lines.size()));
  }
}
