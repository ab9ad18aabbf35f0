// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Aim;
import io.jflannel.bench.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** The aims of issue 5, beside what was measured. */
final class Aims {

  private final Results results;
  private final List<Way> ways;
  private final List<Row> rows = new ArrayList<>();

  private Aims(Results results, List<Way> ways) {
    this.results = results;
    this.ways = ways;
  }

  /** A row for each aim of a setting and a way that were to be measured. */
  static List<Row> rows(Results results, List<Setting> settings, List<Way> ways) {
    Aims aims = new Aims(results, ways);
    settings.forEach(aims::throughput);
    if (settings.contains(Setting.PLAIN_1500)) {
      aims.rest();
    }
    return aims.rows;
  }

  private void throughput(Setting setting) {
    boolean plain = !setting.isPerPacket();
    for (Measure measure : List.of(Measure.TCP_1, Measure.TCP_4)) {
      if (plain) {
        double least = setting.mtu() == 9_000 ? 4 : 12;
        add(setting, measure, Way.OFFLOAD, Way.PROXY, new Aim.RatioAtLeast(least));
        add(setting, measure, Way.EBPF, Way.VXLAN, new Aim.RatioAtLeast(1.0));
      }
      double least = plain ? 0.38 : 0.75;
      add(setting, measure, Way.OFFLOAD, Way.VXLAN, new Aim.RatioAtLeast(least));
    }
  }

  private void rest() {
    Setting setting = Setting.PLAIN_1500;
    add(setting, Measure.PACKETS, Way.OFFLOAD, Way.PROXY, new Aim.RatioAtLeast(2.5));
    add(setting, Measure.P50, Way.OFFLOAD, Way.PROXY, new Aim.RatioAtMost(1.0));
    results
        .value(setting, Measure.OUTLIERS, Way.PROXY)
        .ifPresent(
            most -> add(setting, Measure.OUTLIERS, Way.OFFLOAD, Way.PROXY, new Aim.AtMost(most)));
    for (Way way : List.of(Way.OFFLOAD, Way.BATCH, Way.SINGLE)) {
      if (ways.contains(way)) {
        rows.add(
            Row.alone(
                "%s: %s".formatted(way.label(), Measure.ALLOCATED.label()),
                Measure.ALLOCATED.unit(),
                ours(setting, Measure.ALLOCATED, way),
                new Aim.AtMost(0)));
      }
    }
  }

  private void add(Setting setting, Measure measure, Way way, Way reference, Aim aim) {
    OptionalDouble theirs = results.value(setting, measure, reference);
    if (ways.contains(way) && theirs.isPresent()) {
      rows.add(
          new Row(
              "%s: %s, %s / %s"
                  .formatted(setting.label(), measure.label(), way.label(), reference.label()),
              measure.unit(),
              ours(setting, measure, way),
              theirs,
              aim));
    }
  }

  private double ours(Setting setting, Measure measure, Way way) {
    return results.value(setting, measure, way).orElse(Double.NaN);
  }
}
