// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import io.jflannel.flanneld.traffic.SavedTable.Placed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How one table of iptables becomes as wanted.
 *
 * @param restore the input of {@code iptables-restore --noflush}: one table, committed at once;
 *     empty if the table is as wanted
 * @param former rules of former versions in the built-in chain that it removes: for people
 * @param notes what an operator should know about rules that are not ours
 */
public record IptablesPlan(String restore, List<String> former, List<String> notes) {

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
    boolean removed = wanted.isEmpty() && kept.isEmpty();
    List<String> lines =
        removed
            ? removal(found, names)
            : wanted.isEmpty()
                ? withdrawal(found, kept, names)
                : replacement(wanted, found, kept, names);
    return new IptablesPlan(
        text(part, lines),
        found.former(!wanted.isEmpty()).stream().map(placed -> placed.line().text()).toList(),
        notes(wanted, found, kept, names));
  }

  /** Nothing of anybody's is left in the chain, so it goes too, unless others jump to it. */
  private static List<String> removal(SavedTable found, Names names) {
    List<String> lines = new ArrayList<>();
    for (Placed placed : toBeDeleted(found, true, false)) {
      lines.add(deletion(found.part(), placed));
    }
    boolean stays = found.foreignJump().isPresent();
    if (found.exists() && !(stays && found.rules().isEmpty())) {
      lines.add("-F " + names.chain(found.part()));
    }
    if (found.exists() && !stays) {
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
    List<String> lines = new ArrayList<>(List.of(declaration(found, names)));
    found.former(false).forEach(placed -> lines.add(deletion(found.part(), placed)));
    common.forEach(line -> lines.add(addition(names, found.part(), line.text())));
    kept.forEach(line -> lines.add(addition(names, found.part(), line.text())));
    return lines;
  }

  /** What stands wrong is replaced at its place, so that no packet meets another rule first. */
  private static List<String> replacement(
      List<Rule> wanted, SavedTable found, List<IptablesLine> kept, Names names) {
    Part part = found.part();
    String comment = names.comment(part);
    boolean jumps = found.jumps().size() == 1 && isJump(found.jumps().getFirst().line(), comment);
    if (jumps && found.former(true).isEmpty() && asWanted(wanted, found, kept, comment)) {
      return List.of();
    }
    List<String> lines = new ArrayList<>(List.of(declaration(found, names)));
    List<Placed> deleted = toBeDeleted(found, !jumps, true);
    deleted.forEach(placed -> lines.add(deletion(part, placed)));
    for (Rule rule : wanted) {
      lines.add(addition(names, part, IptablesLine.render(rule, comment)));
    }
    kept.forEach(line -> lines.add(addition(names, part, line.text())));
    if (!jumps) {
      lines.add(placement(found, deleted) + IptablesLine.jump(names.chain(part), comment));
    }
    return lines;
  }

  private static List<Placed> toBeDeleted(SavedTable found, boolean jumps, boolean replaced) {
    List<Placed> deleted = new ArrayList<>(found.former(replaced));
    if (jumps) {
      deleted.addAll(found.jumps());
    }
    return deleted;
  }

  /**
   * Where the jump goes: to the place of the first that was there, as others may stop everything
   * further down; else to the end. A rule is deleted by its text, which deletes the first of equal
   * ones; so all jumps go, and one comes back.
   */
  private static String placement(SavedTable found, List<Placed> deleted) {
    String builtin = found.part().builtin();
    if (found.jumps().isEmpty()) {
      return "-A " + builtin + " ";
    }
    int first = found.jumps().getFirst().position();
    long before = deleted.stream().filter(placed -> placed.position() < first).count();
    return "-I %s %d ".formatted(builtin, first - before);
  }

  /** With {@code --noflush} this line makes the chain, or empties it: within the transaction. */
  private static String declaration(SavedTable found, Names names) {
    return ":" + names.chain(found.part()) + " - [0:0]";
  }

  private static boolean asWanted(
      List<Rule> wanted, SavedTable found, List<IptablesLine> kept, String comment) {
    List<IptablesLine> ours = new ArrayList<>(found.rules());
    ours.removeAll(new HashSet<>(kept));
    return ours.stream().allMatch(line -> line.comment().equals(Optional.of(comment)))
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

  private static String deletion(Part part, Placed placed) {
    return "-D " + part.builtin() + " " + placed.line().text();
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
    if (wanted.isEmpty() && kept.isEmpty() && found.exists()) {
      found
          .foreignJump()
          .ifPresent(rule ->
              notes.add(
                  "chain %s stays, without rules, because a rule of others leads to it: %s"
                      .formatted(names.chain(part), rule)));
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
