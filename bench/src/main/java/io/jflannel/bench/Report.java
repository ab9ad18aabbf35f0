// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The table of a benchmark: measure, ours, reference, ratio, aim, met or short. */
public record Report(String name, String reference, List<Row> rows) {

  public Report {
    rows = List.copyOf(rows);
  }

  /** Whether there is a row and every row meets its aim. */
  boolean met() {
    return !rows.isEmpty() && rows.stream().allMatch(Row::met);
  }

  String text() {
    List<List<String>> cells = new ArrayList<>();
    cells.add(List.of("measure", "ours", "reference", "ratio", "aim", ""));
    rows.forEach(row -> cells.add(cells(row)));
    return "%s (reference: %s)%n%s".formatted(name, reference, aligned(cells));
  }

  private static List<String> cells(Row row) {
    boolean compared = row.reference().isPresent();
    return List.of(
        row.measure(),
        number(row.ours()) + " " + row.unit(),
        compared ? number(row.reference().getAsDouble()) + " " + row.unit() : "-",
        compared ? number(row.ratio()) + "x" : "-",
        switch (row.aim()) {
          case Aim.RatioAtMost ratio -> "<= " + number(ratio.limit()) + "x";
          case Aim.RatioAtLeast ratio -> ">= " + number(ratio.limit()) + "x";
          case Aim.AtMost most -> "<= " + number(most.limit()) + " " + row.unit();
          case Aim.None none -> "-";
        },
        row.aim() instanceof Aim.None ? "" : row.met() ? "met" : "short");
  }

  /** Three significant digits; whole numbers above a hundred. */
  public static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return "?";
    }
    double size = Math.abs(value);
    int decimals = size >= 100 || value == 0 ? 0 : 2 - (int) Math.floor(Math.log10(size));
    return String.format(Locale.ROOT, "%." + Math.clamp(decimals, 0, 9) + "f", value);
  }

  /** Columns side by side, as wide as their widest cell; all rows have as many cells. */
  public static String aligned(List<List<String>> rows) {
    List<Integer> widths = new ArrayList<>();
    for (int column = 0; column < rows.getFirst().size(); column++) {
      int at = column;
      widths.add(rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0));
    }
    return rows.stream().map(row -> line(row, widths)).collect(Collectors.joining("\n", "", "\n"));
  }

  private static String line(List<String> row, List<Integer> widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < row.size(); column++) {
      String cell = row.get(column);
      line.append(cell).repeat(' ', widths.get(column) - cell.length() + 2);
    }
    return line.toString().stripTrailing();
  }
}
