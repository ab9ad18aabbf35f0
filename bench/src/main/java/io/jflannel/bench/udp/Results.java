// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Report;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;

/** The values of all rounds. */
final class Results {

  /** One thing that is measured, on one way. */
  private record Cell(Setting setting, Measure measure, Way way) {}

  private final Map<Cell, List<Double>> values = new LinkedHashMap<>();

  void add(Setting setting, Way way, Map<Measure, Double> measured) {
    measured.forEach((measure, value) ->
        values
            .computeIfAbsent(new Cell(setting, measure, way), cell -> new ArrayList<>())
            .add(value));
  }

  /** Over the rounds; empty if no round has it. */
  OptionalDouble value(Setting setting, Measure measure, Way way) {
    List<Double> found = values.getOrDefault(new Cell(setting, measure, way), List.of());
    return found.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(measure.over(found));
  }

  /**
   * A table: a column for each way; below each line of values their range over the rounds and their
   * ratios to the references.
   */
  String table(List<Way> ways) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("", "", ways, Way::label));
    for (Setting setting : Setting.values()) {
      for (Measure measure : Measure.values()) {
        if (ways.stream().anyMatch(way -> value(setting, measure, way).isPresent())) {
          rows.addAll(lines(setting, measure, ways));
        }
      }
    }
    return Report.aligned(rows);
  }

  private List<List<String>> lines(Setting setting, Measure measure, List<Way> ways) {
    String label = setting.label() + ": " + measure.label();
    List<List<String>> rows = new ArrayList<>();
    rows.add(row(label, measure.unit(), ways, way -> text(value(setting, measure, way), "")));
    rows.add(row("  range", "", ways, way -> range(new Cell(setting, measure, way))));
    for (Way reference : List.of(Way.PROXY, Way.VXLAN)) {
      if (value(setting, measure, reference).isPresent()) {
        rows.add(
            row(
                "  / " + reference.label(),
                "",
                ways,
                way -> text(ratio(setting, measure, way, reference), "x")));
      }
    }
    return rows;
  }

  private String range(Cell cell) {
    List<Double> found = values.getOrDefault(cell, List.of());
    return found.isEmpty()
        ? "-"
        : Report.number(Collections.min(found)) + ".." + Report.number(Collections.max(found));
  }

  private OptionalDouble ratio(Setting setting, Measure measure, Way way, Way reference) {
    OptionalDouble ours = value(setting, measure, way);
    return ours.isEmpty()
        ? ours
        : OptionalDouble.of(
            ours.getAsDouble() / value(setting, measure, reference).orElse(Double.NaN));
  }

  private static String text(OptionalDouble value, String unit) {
    return value.isPresent() ? Report.number(value.getAsDouble()) + unit : "-";
  }

  private static List<String> row(
      String what, String unit, List<Way> ways, Function<Way, String> cell) {
    return Stream.concat(Stream.of(what, unit), ways.stream().map(cell)).toList();
  }
}
