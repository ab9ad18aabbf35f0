// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.traffic.NftListing.Chain;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * How our table of nftables becomes as wanted.
 *
 * @param asWanted whether nothing is to be done
 * @param kept rules of other networks, verbatim, by part
 */
public record NftPlan(
    boolean asWanted, Map<Part, List<Rule>> wanted, Map<Part, List<String>> kept) {

  /** Compares; {@code found} is empty if there is no such table. */
  public static NftPlan between(
      Map<Part, List<Rule>> wanted, Optional<NftListing> found, Claim claim) {
    Map<Part, List<String>> kept = new EnumMap<>(Part.class);
    Map<String, Chain> chains = found.map(NftListing::chains).orElse(Map.of());
    boolean asWanted = true;
    int expected = 0;
    for (Part part : Part.values()) {
      List<Rule> rules = wanted.getOrDefault(part, List.of());
      Optional<Chain> chain = Optional.ofNullable(chains.get(part.nftChain()));
      List<String> others = ofOthers(part, chain.map(Chain::rules).orElse(List.of()), claim);
      List<String> lines =
          rules.isEmpty() && !others.isEmpty() ? withMark(chain.orElseThrow(), others) : others;
      kept.put(part, lines);
      if (!rules.isEmpty() || !lines.isEmpty()) {
        expected++;
        asWanted &= chain.filter(c -> holds(part, c, rules, lines)).isPresent();
      }
    }
    boolean tableAsWanted =
        found.isPresent() == expected > 0
            && chains.size() == expected
            && found.filter(listing -> !listing.others().isEmpty()).isEmpty();
    return new NftPlan(asWanted && tableAsWanted, wanted, kept);
  }

  private static List<String> ofOthers(Part part, List<String> lines, Claim claim) {
    Predicate<Rule> ofOthers =
        claim.ofOthers(
            part, lines.stream().map(NftListing::rule).flatMap(Optional::stream).toList());
    return lines.stream()
        .filter(line -> NftListing.rule(line).filter(ofOthers).isPresent())
        .toList();
  }

  /** Where we leave and others stay, the mark's rule is as much theirs as ours. */
  private static List<String> withMark(Chain chain, List<String> others) {
    return Stream.concat(
            chain.rules().stream().filter(NftListing::isMark).limit(1), others.stream())
        .toList();
  }

  private static boolean holds(Part part, Chain chain, List<Rule> wanted, List<String> others) {
    List<String> ours = new ArrayList<>(chain.rules());
    ours.removeAll(new HashSet<>(others));
    return NftListing.isHooked(part, chain)
        && ours.stream()
            .map(NftListing::rule)
            .toList()
            .equals(wanted.stream().map(Optional::of).toList());
  }

  /** Whether nobody wants a rule in the table, so that it is to be removed. */
  public boolean isEmpty() {
    return wanted.values().stream().allMatch(List::isEmpty)
        && kept.values().stream().allMatch(List::isEmpty);
  }

  /** The input of {@code nft -f -}. */
  public String text(NftText text) {
    return text.replacement(wanted, kept);
  }

  /** What an operator should know. */
  public List<String> notes(String table) {
    long count =
        kept.values().stream()
            .flatMap(List::stream)
            .filter(line -> !NftListing.isMark(line))
            .count();
    return count == 0
        ? List.of()
        : List.of(
            "%d rules of another flannel network are kept in table %s (--instance gives each daemon"
                    .formatted(count, table)
                + " its own)");
  }
}
