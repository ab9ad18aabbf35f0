// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Host;
import io.jflannel.json.Json;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Traffic from pod 1 to pod 2, and what comes of it. */
final class Load {

  private static final String PORT = "7777";
  private static final int LEAST_RATE = 2_000;
  private static final int MOST_RATE = 1_000_000;
  private static final double MOST_LOSS = 0.005;
  private static final String PAYLOAD = "36"; // of an IP packet of 64 bytes
  private static final double PER_GIGA = 1e9;

  private final Host pod;
  private final Tunnel tunnel;
  private final Way way;
  private final Programs programs;
  private final Effort effort;

  private Load(Site site, Tunnel tunnel, Way way, Programs programs, Effort effort) {
    this.pod = site.pod(1);
    this.tunnel = tunnel;
    this.way = way;
    this.programs = programs;
    this.effort = effort;
  }

  /** With its servers on pod 2; pod 1 gets answers by the tunnel from then on. */
  static Load on(Site site, Tunnel tunnel, Way way, Programs programs, Effort effort)
      throws InterruptedException {
    Load load = new Load(site, tunnel, way, programs, effort);
    Host there = site.pod(2);
    Path log = there.directory().resolve("server.log");
    there.start(log, List.of("iperf3", "--server"));
    Process server =
        there.start(log, List.of(programs.datagrams().toString(), "serve", tunnel.target(), PORT));
    site.awaitAnswer(tunnel.target(), server);
    return load;
  }

  /** Measures what this setting is for. */
  Map<Measure, Double> measure(Setting setting) throws InterruptedException {
    Map<Measure, Double> values = new EnumMap<>(Measure.class);
    tcp(1, effort.warmUpSeconds());
    oneConnection(values);
    if (effort.fourConnections()) {
      values.put(Measure.TCP_4, tcp(4, effort.tcpSeconds()).gigabits());
    }
    if (setting == Setting.PLAIN_1500) {
      roundTrips(values);
      values.put(Measure.PACKETS, packets() / 1_000);
    }
    return values;
  }

  private void oneConnection(Map<Measure, Double> values) throws InterruptedException {
    Usage before = Usage.now(tunnel.processes(), way.isOurs());
    Transfer transfer = tcp(1, effort.tcpSeconds());
    Usage used = Usage.now(tunnel.processes(), way.isOurs()).since(before);
    double gigabytes = transfer.bytes() / PER_GIGA;
    values.put(Measure.TCP_1, transfer.gigabits());
    values.put(Measure.CPU_OF_MACHINE, used.machineSeconds() / gigabytes);
    if (!tunnel.processes().isEmpty()) {
      values.put(Measure.CPU_OF_PROCESSES, used.processSeconds() / gigabytes);
    }
    if (way.isOurs()) {
      values.put(Measure.ALLOCATED, used.allocatedByPath() / effort.tcpSeconds());
      values.put(Measure.ALLOCATED_BY_ALL, used.allocated() / effort.tcpSeconds());
    }
  }

  /** What the receiver got. */
  record Transfer(double gigabits, double bytes) {

    static Transfer of(String json) {
      return new Transfer(number(json, "bits_per_second") / PER_GIGA, number(json, "bytes"));
    }

    private static double number(String json, String name) {
      Json found = Json.parse(json);
      for (String step : List.of("end", "sum_received", name)) {
        found =
            found instanceof Json.Obj object
                ? object.member(step).orElseThrow(() -> new IllegalStateException(json))
                : found;
      }
      return found instanceof Json.Num number ? Double.parseDouble(number.literal()) : Double.NaN;
    }
  }

  private Transfer tcp(int streams, int seconds) throws InterruptedException {
    return Transfer.of(
        pod.run(
            "timeout",
            Integer.toString(seconds + 20),
            "iperf3",
            "--json",
            "--client",
            tunnel.target(),
            "--time",
            Integer.toString(seconds),
            "--parallel",
            Integer.toString(streams)));
  }

  private void roundTrips(Map<Measure, Double> values) throws InterruptedException {
    List<Double> said = datagrams("ask", Double.toString(effort.askSeconds()));
    values.put(Measure.P50, said.get(2));
    values.put(Measure.P99, said.get(3));
    values.put(Measure.SLOWEST, said.get(4));
    values.put(Measure.OUTLIERS, said.get(5));
  }

  /** Halves the (logarithmic) range of rates; packets a second that arrived. */
  private double packets() throws InterruptedException {
    double low = Math.log(LEAST_RATE);
    double high = Math.log(MOST_RATE);
    double best = 0;
    for (int i = 0; i < effort.rates(); i++) {
      double middle = (low + high) / 2;
      List<Double> said =
          datagrams(
              "rate",
              Long.toString(Math.round(Math.exp(middle))),
              Double.toString(effort.rateSeconds()));
      if (said.get(1) >= (1 - MOST_LOSS) * said.get(0)) {
        best = Math.max(best, said.get(3));
        low = middle;
      } else {
        high = middle;
      }
    }
    return best;
  }

  /** Runs the client, which prints numbers. */
  private List<Double> datagrams(String verb, String... more) throws InterruptedException {
    String said =
        pod.run(
            Stream.concat(
                    Stream.of(
                        programs.datagrams().toString(), verb, tunnel.target(), PORT, PAYLOAD),
                    Stream.of(more))
                .toArray(String[]::new));
    return Stream.of(said.strip().split(" ", -1)).map(Double::valueOf).toList();
  }
}
