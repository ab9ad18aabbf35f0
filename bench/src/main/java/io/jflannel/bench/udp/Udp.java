// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Benchmark;
import io.jflannel.bench.Host;
import io.jflannel.bench.Report;
import io.jflannel.bench.Row;
import io.jflannel.bench.Scale;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * {@code bench/run udp}: from pod to pod through bridges, on a veth pair, on vxlan, through a naive
 * C proxy as upstream's, and through each of our data paths; in rounds over all of them.
 */
public final class Udp implements Benchmark {

  private final Scale scale;

  /** The quick form has two rounds, one setting of the wire and no four connections. */
  public Udp(Scale scale) {
    this.scale = scale;
  }

  @Override
  public String name() {
    return "udp";
  }

  @Override
  public String reference() {
    return "a naive C proxy, one thread and three system calls a packet as upstream's, and the"
        + " kernel's vxlan, same run; medians of %d rounds, of max the largest, of counts the sum"
            .formatted(Effort.of(scale).rounds());
  }

  @Override
  public List<Row> run(Consumer<String> progress) throws InterruptedException {
    List<Setting> settings = Setting.of(scale);
    List<Way> ways = Way.chosen();
    Effort effort = Effort.of(scale);
    Results results = new Results();
    try (Host workshop = Host.bare("workshop")) {
      Programs programs = Programs.compile(workshop);
      for (int round = 1; round <= effort.rounds(); round++) {
        for (Setting setting : settings) {
          for (Way way : ways) {
            Map<Measure, Double> measured = measure(setting, way, programs, effort, progress);
            results.add(setting, way, measured);
            progress.accept(
                "round %d, %s, %s: %s"
                    .formatted(round, setting.label(), way.label(), text(measured)));
          }
        }
      }
    }
    progress.accept("\n" + results.table(ways));
    return Aims.rows(results, settings, ways);
  }

  /** Nothing if this way cannot be gone here: that must not spoil the others. */
  private static Map<Measure, Double> measure(
      Setting setting, Way way, Programs programs, Effort effort, Consumer<String> progress)
      throws InterruptedException {
    try (Site site = new Site(setting)) {
      Tunnel tunnel = new Tunnels(programs).lay(way, site);
      site.attach(tunnel.subnets(), tunnel.mtu());
      return Load.on(site, tunnel, way, programs, effort).measure(setting);
    } catch (IllegalStateException e) {
      progress.accept("NOT MEASURED: " + e.getMessage());
      return Map.of();
    }
  }

  private static String text(Map<Measure, Double> measured) {
    return measured.entrySet().stream()
        .map(entry ->
            "%s %s %s"
                .formatted(
                    entry.getKey().label(), Report.number(entry.getValue()), entry.getKey().unit()))
        .collect(Collectors.joining(", "));
  }
}
