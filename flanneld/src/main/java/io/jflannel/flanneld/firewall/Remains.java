// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Rules that a former run left with other engines. Owned by one thread. */
final class Remains {

  private static final System.Logger LOG = System.getLogger(Remains.class.getName());

  private final List<Engine> engines;
  private final Set<Family> swept = EnumSet.noneOf(Family.class);

  /** Of the sweeps that were done. */
  private final List<String> notes = new ArrayList<>();

  /**
   * @param engines what they hold of ours is removed
   */
  Remains(List<Engine> engines) {
    this.engines = engines;
  }

  /** Whether all is done. */
  boolean areSwept() {
    return swept.size() == Family.values().length;
  }

  /** What an operator should know about it later on. */
  List<String> notes() {
    return notes;
  }

  /** Removes what is there; tries again what failed before. */
  void sweep(Findings findings) throws InterruptedException {
    for (Family family : Family.values()) {
      if (!swept.contains(family) && sweep(family, findings)) {
        swept.add(family);
      }
    }
  }

  private boolean sweep(Family family, Findings findings) throws InterruptedException {
    boolean clean = true;
    List<String> told = new ArrayList<>();
    for (Engine engine : engines) {
      String whose = "%s rules of a former run with %s: ".formatted(family, engine.description());
      Outcome outcome = Leftovers.sweep(engine, family, Doing.WRITE);
      if (!outcome.written().isEmpty()) {
        LOG.log(
            Level.INFO,
            "Removed {0} rules that a former run left with {1}: {2}",
            family,
            engine.description(),
            outcome.written());
      }
      for (FirewallException problem : outcome.problems().values()) {
        if (!problem.isMissing()) {
          clean = false;
          findings.problems().add(whose + problem.getMessage());
        }
      }
      outcome.notes().forEach(note -> told.add(whose + note));
    }
    findings.notes().addAll(told);
    if (clean) {
      notes.addAll(told);
    }
    return clean;
  }
}
