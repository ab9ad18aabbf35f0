// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.traffic.Rule.Side;
import io.jflannel.flanneld.traffic.Rule.Verdict;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Our table as {@code nft -nn list table} prints it.
 *
 * @param chains by name
 * @param others what else stands in the table: flags, sets, objects
 */
public record NftListing(Map<String, Chain> chains, List<String> others) {

  private static final Pattern CHAIN = Pattern.compile("chain (\\S+) \\{");
  private static final Pattern COUNTER = Pattern.compile("counter packets \\d+ bytes \\d+ ");
  private static final Pattern RULE =
      Pattern.compile(
          "(?<mark>(?:meta )?mark (?:&|and) 0x0*4000 == 0x0*4000 )?"
              + "(?:ip6? saddr (?<notSource>!= )?(?<source>\\S+) )?"
              + "(?:ip6? daddr (?<notDestination>!= )?(?<destination>\\S+) )?"
              + "(?<verdict>return|accept|masquerade|masquerade fully-random)");

  /** Upstream's test for kube-proxy's mark, and ours (B10). */
  private static final Pattern MARK =
      Pattern.compile("(?:meta )?mark (?:(?:&|and) 0x0*4000 == )?0x0*4000 return");

  /**
   * A chain.
   *
   * @param head type, hook, priority and policy
   * @param rules as printed
   */
  record Chain(String head, List<String> rules) {}

  /** Reads the output; what is no table gives no chain. */
  public static NftListing parse(String text) {
    Map<String, Chain> chains = new HashMap<>();
    List<String> others = new ArrayList<>();
    List<String> rules = new ArrayList<>();
    String name = "";
    String head = "";
    for (String raw : text.lines().toList()) {
      String line = raw.strip();
      Matcher chain = CHAIN.matcher(line);
      if (chain.matches()) {
        name = chain.group(1);
        head = "";
        rules = new ArrayList<>();
      } else if (line.equals("}")) {
        if (!name.isEmpty()) {
          chains.put(name, new Chain(head, rules));
        }
        name = "";
      } else if (line.startsWith("type ") && !name.isEmpty()) {
        head = line;
      } else if (!line.isEmpty() && !line.startsWith("comment ") && !line.startsWith("table ")) {
        (name.isEmpty() ? others : rules).add(line);
      }
    }
    return new NftListing(chains, others);
  }

  /** Whether packets come to the chain as they should. */
  static boolean isHooked(Part part, Chain chain) {
    String accept = "; policy accept;";
    return switch (part) {
      case MASQUERADE ->
          chain.head().equals("type nat hook postrouting priority 100" + accept)
              || chain.head().equals("type nat hook postrouting priority srcnat" + accept);
      case FORWARD ->
          chain.head().equals("type filter hook forward priority 0" + accept)
              || chain.head().equals("type filter hook forward priority filter" + accept);
    };
  }

  /** Whether a line lets packets with kube-proxy's mark alone. */
  static boolean isMark(String line) {
    return MARK.matcher(COUNTER.matcher(line).replaceFirst("")).matches();
  }

  /** The rule of ours that a line is, if it has such a shape. */
  static Optional<Rule> rule(String line) {
    Matcher parts = RULE.matcher(COUNTER.matcher(line).replaceFirst(""));
    if (!parts.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Rule(
              parts.group("mark") != null,
              side(parts, "source", "notSource"),
              side(parts, "destination", "notDestination"),
              verdict(parts.group("verdict"))));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // a set, a range
    }
  }

  private static Optional<Side> side(Matcher parts, String group, String not) {
    return Optional.ofNullable(parts.group(group))
        .map(text -> new Side(cidr(text), parts.group(not) != null));
  }

  /** A single address is printed without a length. */
  private static Cidr cidr(String text) {
    return text.contains("/") ? Cidr.parse(text).network() : Cidr.host(Ip.parse(text));
  }

  private static Verdict verdict(String word) {
    return switch (word) {
      case "return" -> Verdict.RETURN;
      case "accept" -> Verdict.ACCEPT;
      case "masquerade" -> Verdict.MASQUERADE;
      default -> Verdict.MASQUERADE_FULLY_RANDOM;
    };
  }
}
