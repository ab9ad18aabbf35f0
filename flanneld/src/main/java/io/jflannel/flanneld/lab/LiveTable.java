// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The lab as text: who has which subnet, and how long a ping takes from each to each. Pure. */
final class LiveTable {

  /** A line: node, subnet, public IP, lease left, peers. */
  record Row(String node, String subnet, String publicIp, String leaseLeft, String peers) {}

  private LiveTable() {}

  /** What a node shows now; reads its files. */
  static Row row(Node node, LabFamilies families, Instant now) {
    Optional<NodeStatus> status = node.status();
    String subnet =
        node.subnetFile()
            .map(file -> join(file.subnets().stream().map(Cidr::toString).toList()))
            .orElse("-");
    String peers =
        status.map(s -> s.programmed() + " of " + s.peers()).orElse("-")
            + (node.daemonRuns() ? "" : " (flanneld is down)");
    return new Row(
        "node" + node.number(),
        subnet,
        join(families.list().stream().map(f -> node.address(f).toString()).toList()),
        status.map(s -> s.leaseLeft(now)).orElse("-"),
        peers);
  }

  private static String join(List<String> words) {
    return String.join(", ", words);
  }

  static String table(List<Row> rows) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(List.of("NODE", "SUBNET", "PUBLIC IP", "LEASE LEFT", "PEERS PROGRAMMED"));
    rows.forEach(
        r -> cells.add(List.of(r.node(), r.subnet(), r.publicIp(), r.leaseLeft(), r.peers())));
    return aligned(cells);
  }

  /** Round-trip times of one family: a row per sender, a column per receiver. */
  static String matrix(List<Check.Line> lines, int nodes, Family family) {
    List<List<String>> cells = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of(family + " PING"));
    for (int to = 1; to <= nodes; to++) {
      head.add("node" + to);
    }
    boolean internet = lines.stream().anyMatch(line -> line.to() == Check.INTERNET);
    if (internet) {
      head.add(Check.receiver(Check.INTERNET));
    }
    cells.add(head);
    for (int from = 1; from <= nodes; from++) {
      List<String> row = new ArrayList<>(List.of("node" + from));
      for (int to = 1; to <= nodes; to++) {
        row.add(from == to ? "-" : time(lines, from, to, family));
      }
      if (internet) {
        row.add(time(lines, from, Check.INTERNET, family));
      }
      cells.add(row);
    }
    return aligned(cells);
  }

  private static String time(List<Check.Line> lines, int from, int to, Family family) {
    return lines.stream()
        .filter(l -> l.from() == from && l.to() == to && l.family() == family)
        .filter(l -> l.kind() == Check.Kind.PING)
        .map(l -> l.passed() ? l.detail() : "FAIL")
        .findFirst()
        .orElse("?");
  }

  /** Columns as wide as their widest cell, two blanks between them. */
  static String aligned(List<List<String>> rows) {
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
