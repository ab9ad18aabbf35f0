// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What iptables-save tells about one table, as far as it concerns us. Is told line by line and
 * keeps only what is ours, so that a table with tens of thousands of foreign rules needs no memory
 * (P40).
 */
public final class SavedTable {

  /** A rule has a few comments of at most 255 bytes. */
  private static final int LONGEST_RULE = 64 << 10;

  /** What is kept of our chain, and of what leads to it: rules, and characters of all of them. */
  private static final int MOST_RULES = 50_000;

  private static final int MOST_TEXT = 4 << 20;

  /**
   * A rule of the built-in chain.
   *
   * @param position counted from 1
   */
  record Placed(int position, IptablesLine line) {}

  private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");

  private final Part part;
  private final Claim claim;
  private final String chain;
  private final String comment;
  private final String ofChain;
  private final String ofBuiltin;

  private boolean shown;
  private boolean ended;
  private boolean exists;
  private boolean tooMuch;
  private int position;
  private int kept;

  /** A rule that goes on on the next line, as a newline within quotes does not end it. */
  private final StringBuilder open = new StringBuilder();

  private final List<IptablesLine> rules = new ArrayList<>();
  private final List<Placed> jumps = new ArrayList<>();
  private final List<Placed> former = new ArrayList<>();
  private final List<Placed> uncommented = new ArrayList<>();
  private Optional<String> barrier = Optional.empty();
  private Optional<String> foreignJump = Optional.empty();

  public SavedTable(Part part, Names names, Claim claim) {
    this.part = part;
    this.claim = claim;
    chain = names.chain(part);
    comment = names.comment(part);
    ofChain = "-A " + chain;
    ofBuiltin = "-A " + part.builtin();
  }

  /** Takes the next line of the output of {@code iptables-save -t TABLE}. */
  public void line(String line) {
    if (!open.isEmpty()) {
      open.append('\n').append(line);
      continued();
    } else if (!line.startsWith("-A ")) {
      declaration(line);
    } else if (line.indexOf('"') >= 0 && isOpen(line)) {
      open.append(line);
    } else {
      rule(line);
    }
  }

  private void continued() {
    tooMuch |= open.length() > LONGEST_RULE;
    if (tooMuch || !isOpen(open)) {
      String whole = open.toString();
      open.setLength(0);
      rule(whole);
    }
  }

  private static boolean isOpen(CharSequence text) {
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\\' && quoted) {
        i++;
      }
    }
    return quoted;
  }

  private void declaration(String line) {
    shown |= line.equals("*" + part.table());
    ended |= line.equals("COMMIT");
    exists |= line.startsWith(":" + chain + " ");
  }

  private void rule(String rule) {
    if (isOf(ofChain, rule)) {
      IptablesLine parsed = IptablesLine.parse(rule.substring(ofChain.length()).strip());
      keep(rules, parsed, parsed);
    } else if (isOf(ofBuiltin, rule)) {
      position++;
      builtin(rule.substring(ofBuiltin.length()).strip());
    } else {
      lookForJump(rule);
    }
  }

  /** One without a condition or target ends with the chain's name. */
  private static boolean isOf(String chain, String rule) {
    return rule.startsWith(chain)
        && (rule.length() == chain.length() || rule.charAt(chain.length()) == ' ');
  }

  private <T> void keep(List<T> into, T entry, IptablesLine line) {
    kept += line.text().length();
    tooMuch |= into.size() == MOST_RULES || kept > MOST_TEXT;
    if (!tooMuch) {
      into.add(entry);
    }
  }

  private void builtin(String text) {
    if (!text.contains(chain)
        && !mayBeFormer(text)
        && part.endings().stream().noneMatch(text::contains)) {
      return;
    }
    IptablesLine line = IptablesLine.parse(text);
    if (isJump(line)) {
      keep(jumps, new Placed(position, line), line);
    } else if (isFormer(line)) {
      keep(line.comment().isEmpty() ? uncommented : former, new Placed(position, line), line);
    } else if (line.endsAll(part.endings()) && jumps.isEmpty() && barrier.isEmpty()) {
      barrier = Optional.of(text);
    } else {
      lookForJump(text);
    }
  }

  /**
   * Ours, or drifted from ours. One with conditions and another comment is somebody's, and a line
   * cannot be given back whose text goes over several.
   */
  private boolean isJump(IptablesLine line) {
    return line.target().equals(Optional.of(chain))
        && (line.bare() || line.comment().equals(Optional.of(comment)))
        && line.text().indexOf('\n') < 0;
  }

  private void lookForJump(String rule) {
    if (foreignJump.isPresent() || !rule.contains(chain)) {
      return; // nearly all of them: in haste
    }
    String words = QUOTED.matcher(rule).replaceAll("") + " ";
    if (words.contains(" -j " + chain + " ") || words.contains("-g " + chain + " ")) {
      foreignJump = Optional.of(rule);
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
                ? claim.isOfVersion010(part, rule)
                : line.comment().equals(Optional.of(comment)) && claim.isOurs(part, rule))
        .isPresent();
  }

  /**
   * Why nothing should be done on the strength of what was read; empty if it is all there, or if
   * the table was not shown at all.
   */
  public Optional<String> defect() {
    if (tooMuch) {
      return Optional.of(
          "chain %s, or what leads to it, holds more than %d rules, or %d MiB of them, or one of more than %d KiB: flush it"
              .formatted(chain, MOST_RULES, MOST_TEXT >> 20, LONGEST_RULE >> 10));
    }
    return shown && !(ended && open.isEmpty()) ? Optional.of("it broke off") : Optional.empty();
  }

  /** Whether nothing more need be read, as it is too much already. */
  public boolean isOverfull() {
    return tooMuch;
  }

  /** Whether there was a table at all. */
  public boolean shown() {
    return shown;
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

  List<Placed> jumps() {
    return jumps;
  }

  /**
   * Rules of former versions in the built-in chain, to be removed. Those of v0.10.0 have no comment
   * and could be an operator's: they are taken for upstream's only if all of them are there, and
   * its forward rules only where ours replace them.
   *
   * @param replaced whether rules of ours are wanted instead
   */
  List<Placed> former(boolean replaced) {
    boolean complete =
        claim.areOfVersion010(
            part,
            uncommented.stream()
                .map(placed -> placed.line().rule())
                .flatMap(Optional::stream)
                .collect(Collectors.toSet()));
    List<Placed> all = new ArrayList<>(former);
    if (complete && (replaced || part == Part.MASQUERADE)) {
      all.addAll(uncommented);
    }
    return all;
  }

  /** The rule behind which no packet gets to our jump, if there is one. */
  Optional<String> barrier() {
    return barrier;
  }

  /** A rule of others that leads to our chain, so that it cannot be removed. */
  Optional<String> foreignJump() {
    return foreignJump;
  }
}
