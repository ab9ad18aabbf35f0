// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Traffic rules that a daemon left, with whatever engine.
 *
 * @param rules what was, or would be, removed: for people, a line each
 * @param problems why some may still be there
 * @param notes what is kept because it is not ours
 */
public record Leftovers(List<String> rules, List<String> problems, List<String> notes) {

  private static final Map<Part, List<Rule>> NONE =
      Map.of(Part.MASQUERADE, List.of(), Part.FORWARD, List.of());

  public Leftovers {
    rules = List.copyOf(rules);
    problems = List.copyOf(problems);
    notes = List.copyOf(notes);
  }

  /**
   * Removes, or tells, those of all engines in the network namespace of the calling thread, which
   * must be a platform thread. One that fails does not stop the others.
   *
   * @param claim whose rules are ours where others have theirs too
   * @param path the variable PATH
   */
  public static Leftovers sweep(Names names, Claim claim, Optional<String> path, Doing doing)
      throws InterruptedException {
    List<String> rules = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    try (LoadedTables tables = LoadedTables.open()) {
      for (Engine engine : Engines.all(Programs.of(path), names, claim, tables)) {
        for (Family family : Family.values()) {
          Outcome outcome = sweep(engine, family, doing);
          String whose = "%s traffic rules of %s".formatted(family, engine.description());
          outcome.written().forEach(part -> rules.add(whose + ": " + part));
          outcome.problems().values().stream()
              .map(problem -> whose + ": " + problem.getMessage())
              .distinct()
              .forEach(problems::add);
          outcome.notes().forEach(note -> notes.add(whose + ": " + note));
        }
      }
    }
    return new Leftovers(rules, problems, notes);
  }

  /** Those of one engine and family. */
  static Outcome sweep(Engine engine, Family family, Doing doing) throws InterruptedException {
    try {
      return engine.mayHold(family) ? engine.converge(family, NONE, doing) : Outcome.NOTHING;
    } catch (LinuxException e) {
      return Outcome.failed(
          NONE.keySet(),
          new FirewallException("the kernel does not tell its rules: " + e.getMessage()));
    } catch (FirewallException e) {
      return Outcome.failed(NONE.keySet(), e);
    }
  }
}
