// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How one table of iptables becomes as wanted.
 *
 * @param restore the input of {@code iptables-restore --noflush}: one table, committed at once;
 *     empty if the table is as wanted
 * @param notes what an operator should know about rules that are not ours
 */
public record IptablesPlan(String restore, List<String> notes) {

  /**
   * Compares and plans.
   *
   * @param wanted in order; empty for none, not even the chain
   */
  public static IptablesPlan between(
      List<Rule> wanted, SavedTable found, Names names, Claim claim) {
    Part part = found.part();
    String comment = names.comment(part);
    List<IptablesLine> kept = ofOthers(found, comment, claim);
    List<String> lines =
        wanted.isEmpty() && kept.isEmpty()
            ? removal(found, names)
            : wanted.isEmpty()
                ? withdrawal(found, kept, names)
                : replacement(wanted, found, kept, names);
    return new IptablesPlan(text(part, lines), notes(wanted, found, kept, names));
  }

  /** Nothing of anybody's is left in the chain, so it goes too. */
  private static List<String> removal(SavedTable found, Names names) {
    List<String> lines = new ArrayList<>();
    for (IptablesLine jump : found.jumps()) {
      lines.add(deletion(found.part(), jump));
    }
    found.former(false).forEach(line -> lines.add(deletion(found.part(), line)));
    if (found.exists()) {
      lines.add("-F " + names.chain(found.part()));
      lines.add("-X " + names.chain(found.part()));
    }
    return lines;
  }

  /** Another daemon lives in the chain: it stays with its rules, and with the mark's. */
  private static List<String> withdrawal(SavedTable found, List<IptablesLine> kept, Names names) {
    List<IptablesLine> common =
        found.rules().stream()
            .filter(line -> line.rule().filter(Rule::marked).isPresent())
            .limit(1)
            .toList();
    if (found.rules().size() == kept.size() + common.size() && found.former(false).isEmpty()) {
      return List.of();
    }
    List<String> lines = declared(found, names, false);
    common.forEach(line -> lines.add(addition(names, found.part(), line.text())));
    kept.forEach(line -> lines.add(addition(names, found.part(), line.text())));
    return lines;
  }

  private static List<String> replacement(
      List<Rule> wanted, SavedTable found, List<IptablesLine> kept, Names names) {
    Part part = found.part();
    String comment = names.comment(part);
    String jump = IptablesLine.jump(names.chain(part), comment);
    if (asWanted(wanted, found, kept, comment)) {
      return List.of();
    }
    List<String> lines = declared(found, names, true);
    List<IptablesLine> right =
        found.jumps().stream().filter(line -> isJump(line, comment)).toList();
    found.jumps().stream()
        .filter(line -> !right.contains(line))
        .forEach(line -> lines.add(deletion(part, line)));
    right.stream().skip(1).forEach(line -> lines.add(deletion(part, line)));
    for (Rule rule : wanted) {
      lines.add(addition(names, part, IptablesLine.render(rule, comment)));
    }
    kept.forEach(line -> lines.add(addition(names, part, line.text())));
    if (right.isEmpty()) {
      lines.add("-A " + part.builtin() + " " + jump);
    }
    return lines;
  }

  /** With {@code --noflush} this line makes the chain, or empties it: within the transaction. */
  private static List<String> declared(SavedTable found, Names names, boolean replaced) {
    List<String> lines = new ArrayList<>();
    lines.add(":" + names.chain(found.part()) + " - [0:0]");
    found.former(replaced).forEach(line -> lines.add(deletion(found.part(), line)));
    return lines;
  }

  private static boolean asWanted(
      List<Rule> wanted, SavedTable found, List<IptablesLine> kept, String comment) {
    List<IptablesLine> ours = new ArrayList<>(found.rules());
    ours.removeAll(kept);
    return found.jumps().size() == 1
        && isJump(found.jumps().getFirst(), comment)
        && found.former(true).isEmpty()
        && ours.stream().allMatch(line -> line.comment().equals(Optional.of(comment)))
        && ours.stream()
            .map(IptablesLine::rule)
            .toList()
            .equals(wanted.stream().map(Optional::of).toList());
  }

  private static boolean isJump(IptablesLine line, String comment) {
    return line.bare()
        && line.targetOptions().isEmpty()
        && line.comment().equals(Optional.of(comment));
  }

  private static List<IptablesLine> ofOthers(SavedTable found, String comment, Claim claim) {
    List<IptablesLine> commented =
        found.rules().stream().filter(line -> line.comment().equals(Optional.of(comment))).toList();
    Predicate<Rule> ofOthers =
        claim.ofOthers(
            found.part(),
            commented.stream().map(IptablesLine::rule).flatMap(Optional::stream).toList());
    return commented.stream().filter(line -> line.rule().filter(ofOthers).isPresent()).toList();
  }

  private static String deletion(Part part, IptablesLine line) {
    return "-D " + part.builtin() + " " + line.text();
  }

  private static String addition(Names names, Part part, String rule) {
    return "-A " + names.chain(part) + " " + rule;
  }

  private static String text(Part part, List<String> lines) {
    return lines.isEmpty()
        ? ""
        : "*" + part.table() + "\n" + String.join("\n", lines) + "\nCOMMIT\n";
  }

  private static List<String> notes(
      List<Rule> wanted, SavedTable found, List<IptablesLine> kept, Names names) {
    List<String> notes = new ArrayList<>();
    Part part = found.part();
    if (!wanted.isEmpty()) {
      found
          .barrier()
          .ifPresent(rule ->
              notes.add(
                  "no packet gets to our rules: \"%s\" stands before the jump in chain %s"
                      .formatted(rule, part.builtin())));
    }
    if (!kept.isEmpty()) {
      notes.add(
          "%d rules of another flannel network are kept in chain %s (--instance gives each daemon"
                  .formatted(kept.size(), names.chain(part))
              + " its own)");
    }
    return notes;
  }
}
