// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Report;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
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

  /** A table: a column for each way; below each line of values its ratios to the references. */
  String table(List<Way> ways) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("", "", ways.stream().map(Way::label)));
    for (Setting setting : Setting.values()) {
      for (Measure measure : Measure.values()) {
        if (ways.stream().anyMatch(way -> value(setting, measure, way).isPresent())) {
          rows.add(
              row(
                  setting.label() + ": " + measure.label(),
                  measure.unit(),
                  ways.stream().map(way -> text(value(setting, measure, way), ""))));
          Stream.of(Way.PROXY, Way.VXLAN)
              .filter(reference -> value(setting, measure, reference).isPresent())
              .forEach(reference ->
                  rows.add(
                      row(
                          "  / " + reference.label(),
                          "",
                          ways.stream()
                              .map(way -> text(ratio(setting, measure, way, reference), "x")))));
        }
      }
    }
    return Report.aligned(rows);
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

  private static List<String> row(String what, String unit, Stream<String> cells) {
    return Stream.concat(Stream.of(what, unit), cells).toList();
  }
}
