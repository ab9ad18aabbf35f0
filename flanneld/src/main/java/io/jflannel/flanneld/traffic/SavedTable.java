// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What iptables-save tells about one table, as far as it concerns us. Is told line by line and
 * keeps only what is ours, so that a table with tens of thousands of foreign rules needs no memory
 * (P40).
 */
public final class SavedTable {

  private static final List<String> STOPS = List.of("DROP", "REJECT");

  private final Part part;
  private final Claim claim;
  private final String chain;
  private final String comment;
  private final String ofChain;
  private final String ofBuiltin;

  private boolean exists;
  private final List<IptablesLine> rules = new ArrayList<>();
  private final List<IptablesLine> jumps = new ArrayList<>();
  private final List<IptablesLine> former = new ArrayList<>();
  private final List<IptablesLine> uncommented = new ArrayList<>();
  private Optional<String> barrier = Optional.empty();

  public SavedTable(Part part, Names names, Claim claim) {
    this.part = part;
    this.claim = claim;
    chain = names.chain(part);
    comment = names.comment(part);
    ofChain = "-A " + chain + " ";
    ofBuiltin = "-A " + part.builtin() + " ";
  }

  /** Takes the next line of the output of {@code iptables-save -t TABLE}. */
  public void line(String line) {
    if (line.startsWith(ofChain)) {
      rules.add(IptablesLine.parse(line.substring(ofChain.length())));
    } else if (line.startsWith(ofBuiltin)) {
      builtin(line.substring(ofBuiltin.length()));
    } else if (line.startsWith(":" + chain + " ")) {
      exists = true;
    }
  }

  private void builtin(String text) {
    if (!text.contains(chain) && !mayBeFormer(text) && STOPS.stream().noneMatch(text::contains)) {
      return;
    }
    IptablesLine line = IptablesLine.parse(text);
    if (line.target().equals(Optional.of(chain))) {
      jumps.add(line);
    } else if (isFormer(line)) {
      (line.comment().isEmpty() ? uncommented : former).add(line);
    } else if (line.stopsEverything() && jumps.isEmpty() && barrier.isEmpty()) {
      barrier = Optional.of(text);
    }
  }

  private boolean mayBeFormer(String text) {
    return text.contains(comment)
        || claim.networks().stream().anyMatch(network -> text.contains(network.toString()));
  }

  /** Rules of versions that knew no chains: v0.10.0's without a comment, later ones' with ours. */
  private boolean isFormer(IptablesLine line) {
    return line.rule()
        .filter(rule ->
            line.comment().isEmpty()
                ? claim.isOfVersion010(rule)
                : line.comment().equals(Optional.of(comment)) && claim.covers(rule))
        .isPresent();
  }

  Part part() {
    return part;
  }

  boolean exists() {
    return exists;
  }

  List<IptablesLine> rules() {
    return rules;
  }

  List<IptablesLine> jumps() {
    return jumps;
  }

  /**
   * Rules of former versions in the built-in chain, to be removed. Those of v0.10.0 have no comment
   * and could be an operator's: they are taken for upstream's only if all of them are there, and
   * its forward rules only where ours replace them.
   *
   * @param replaced whether rules of ours are wanted instead
   */
  List<IptablesLine> former(boolean replaced) {
    boolean complete =
        uncommented.stream().map(IptablesLine::rule).distinct().count() >= Claim.count010(part);
    List<IptablesLine> all = new ArrayList<>(former);
    if (complete && (replaced || part == Part.MASQUERADE)) {
      all.addAll(uncommented);
    }
    return all;
  }

  /** The rule behind which no packet gets to our jump, if there is one. */
  Optional<String> barrier() {
    return barrier;
  }
}
