// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.net.Family;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Reads the expressions of one rule (enum nft_expr_attributes) into a {@link RuleBody}. */
final class BodyBuilder {

  private static final int EXPRESSION_NAME = 1;
  private static final int EXPRESSION_DATA = 2;

  private static final int IMMEDIATE_REGISTER = 1;
  private static final int IMMEDIATE_DATA = 2;
  private static final int VERDICT_REGISTER = 0;
  private static final int DATA_VERDICT = 2;
  private static final int VERDICT_CODE = 1;
  private static final int VERDICT_CHAIN = 2;

  /** NFTA_TARGET_NAME and NFTA_MATCH_NAME. */
  private static final int XT_NAME = 1;

  /** NFTA_MATCH_INFO. */
  private static final int XT_INFO = 3;

  /** NFTNL_UDATA_RULE_COMMENT of libnftnl/udata.h. */
  private static final int COMMENT = 0;

  private final Comparisons comparisons;
  private Optional<Verdict> verdict = Optional.empty();
  private Optional<String> target = Optional.empty();
  private Optional<String> comment = Optional.empty();
  private boolean rejects;
  private boolean decided;
  private boolean matchesEverything = true;

  BodyBuilder(Family family) {
    comparisons = new Comparisons(family);
  }

  /** NFTA_RULE_EXPRESSIONS: a list whose elements are nests. */
  void expressions(Attributes list) {
    while (list.next()) {
      expression(list.nested());
    }
  }

  /** The kernel names an expression before it tells its data. */
  private void expression(Attributes expression) {
    String name = "";
    String xtName = "";
    while (expression.next()) {
      switch (expression.type()) {
        case EXPRESSION_NAME -> name = expression.string();
        case EXPRESSION_DATA -> {
          switch (name) {
            case "immediate" -> immediate(expression.nested());
            case "payload" -> comparisons.payload(expression.nested());
            case "bitwise" -> comparisons.bitwise(expression.nested());
            case "cmp" -> comparisons.cmp(expression.nested());
            case "match", "target" -> xtName = xt(name, expression.nested());
            default -> {} // its name says enough
          }
        }
        default -> {}
      }
    }
    classify(name, xtName);
  }

  private void immediate(Attributes data) {
    boolean toVerdict = false;
    Optional<Verdict> loaded = Optional.empty();
    while (data.next()) {
      switch (data.type()) {
        case IMMEDIATE_REGISTER -> toVerdict = data.big32() == VERDICT_REGISTER;
        case IMMEDIATE_DATA -> loaded = loaded(data.nested());
        default -> {}
      }
    }
    if (toVerdict && verdict.isEmpty()) {
      verdict = loaded;
    }
  }

  private static Optional<Verdict> loaded(Attributes data) {
    while (data.next()) {
      if (data.type() == DATA_VERDICT) {
        return Optional.of(verdict(data.nested()));
      }
    }
    return Optional.empty();
  }

  private static Verdict verdict(Attributes parts) {
    int code = 0;
    Optional<String> chain = Optional.empty();
    while (parts.next()) {
      switch (parts.type()) {
        case VERDICT_CODE -> code = parts.big32();
        case VERDICT_CHAIN -> chain = Optional.of(parts.string());
        default -> {}
      }
    }
    return Verdict.of(code, chain);
  }

  /** An extension of iptables; returns its name. */
  private String xt(String kind, Attributes data) {
    String name = "";
    while (data.next()) {
      if (data.type() == XT_NAME) {
        name = data.string();
      } else if (data.type() == XT_INFO && isComment(kind, name)) {
        comment = Optional.of(data.string());
      }
    }
    return name;
  }

  private static boolean isComment(String kind, String xtName) {
    return kind.equals("match") && xtName.equals("comment");
  }

  private void classify(String name, String xtName) {
    switch (name) {
      case "counter", "last", "log" -> {} // let every packet through
      case "immediate" -> decided |= verdict.isPresent();
      case "target" -> {
        target = Optional.of(xtName);
        rejects |= xtName.equals("REJECT");
        decided = true;
      }
      case "reject" -> {
        rejects = true;
        decided = true;
      }
      case "masq" -> {
        target = Optional.of("MASQUERADE"); // as iptables writes it
        decided = true;
      }
      case "nat", "redir", "queue", "tproxy", "synproxy" -> decided = true;
      default -> matchesEverything &= decided || isComment(name, xtName);
    }
  }

  /** NFTA_RULE_USERDATA: type, length and value, one byte each of the first two. */
  void userData(Attributes attribute) {
    byte[] data = attribute.bytes();
    int at = 0;
    while (at + 2 <= data.length && at + 2 + (data[at + 1] & 0xff) <= data.length) {
      int end = at + 2 + (data[at + 1] & 0xff);
      if (data[at] == COMMENT) {
        String text = new String(Arrays.copyOfRange(data, at + 2, end), StandardCharsets.UTF_8);
        comment = Optional.of(text.replace("\0", ""));
      }
      at = end;
    }
  }

  RuleBody build(NormalForm normal) {
    return new RuleBody(
        normal.toBytes(),
        verdict,
        target,
        comment,
        matchesEverything,
        rejects,
        comparisons.addresses());
  }
}
