// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.traffic.Rule.Side;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Rules as input of {@code nft -f -}. One call is one transaction: the table is deleted and made
 * anew, and no packet sees it without rules.
 */
public final class NftText {

  private final Family family;
  private final Names names;
  private final boolean comments;
  private final String table;

  /**
   * @param comments whether tables and chains get upstream's comments; kernels before 5.10 refuse
   *     them
   */
  public NftText(Family family, Names names, boolean comments) {
    this.family = family;
    this.names = names;
    this.comments = comments;
    table = ip() + " " + names.nftTable(family);
  }

  /**
   * The table as wanted, whatever there was before.
   *
   * @param kept rules of others, verbatim, by part
   */
  String replacement(Map<Part, List<Rule>> wanted, Map<Part, List<String>> kept) {
    List<String> lines = new ArrayList<>();
    String declaration = "add table " + table + comment("rules for " + names.nftTable(family));
    lines.add(declaration);
    lines.add("delete table " + table);
    lines.add(declaration);
    for (Part part : Part.values()) {
      List<Rule> rules = wanted.getOrDefault(part, List.of());
      List<String> others = kept.getOrDefault(part, List.of());
      if (!rules.isEmpty() || !others.isEmpty()) {
        String chain = table + " " + part.nftChain();
        lines.add("add chain " + chain + " { " + hook(part) + " ;" + chainComment(part) + " }");
        rules.forEach(rule -> lines.add("add rule " + chain + " " + rule(rule)));
        others.forEach(rule -> lines.add("add rule " + chain + " " + rule));
      }
    }
    return String.join("\n", lines) + "\n";
  }

  private static String hook(Part part) {
    return switch (part) {
      case MASQUERADE -> "type nat hook postrouting priority 100";
      case FORWARD -> "type filter hook forward priority 0";
    };
  }

  private String comment(String text) {
    return comments ? " { comment \"" + text + "\" ; }" : "";
  }

  private String chainComment(Part part) {
    if (!comments) {
      return "";
    }
    return switch (part) {
      case MASQUERADE -> " comment \"chain to manage traffic masquerading by flannel\" ;";
      case FORWARD -> " comment \"chain to accept flannel traffic\" ;";
    };
  }

  private String ip() {
    return family == Family.V4 ? "ip" : "ip6";
  }

  /** B10: one bit of the mark is tested, as iptables does. */
  String rule(Rule rule) {
    StringBuilder out = new StringBuilder();
    if (rule.marked()) {
      out.append("meta mark & 0x%x == 0x%x ".formatted(Rule.MARK, Rule.MARK));
    }
    rule.source().ifPresent(side -> end(out, " saddr ", side));
    rule.destination().ifPresent(side -> end(out, " daddr ", side));
    out.append(
        switch (rule.verdict()) {
          case RETURN -> "return";
          case ACCEPT -> "accept";
          case MASQUERADE -> "masquerade";
          case MASQUERADE_FULLY_RANDOM -> "masquerade fully-random";
        });
    return out.toString();
  }

  private void end(StringBuilder out, String field, Side side) {
    out.append(ip()).append(field).append(side.except() ? "!= " : "");
    out.append(side.addresses()).append(' ');
  }
}
