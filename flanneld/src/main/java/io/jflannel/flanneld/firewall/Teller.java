// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.util.EnumSet;
import java.util.Set;

/** Tells operators how the rules are: in the log, and by reports. Owned by one thread. */
final class Teller {

  private static final System.Logger LOG = System.getLogger(Firewall.class.getName());

  private final String engine;
  private final Latest<TrafficReport> reports;
  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final Undoing undoing = new Undoing();
  private final Set<Family> everRight = EnumSet.noneOf(Family.class);

  /**
   * @param engine what keeps the rules, for people
   */
  Teller(String engine, Latest<TrafficReport> reports) {
    this.engine = engine;
    this.reports = reports;
  }

  /**
   * Logs what came of one family.
   *
   * @param repair whether the same rules were wanted before
   * @param by who has changed something; empty if not known
   */
  void tell(Family family, Outcome outcome, boolean repair, String by) {
    for (Part part : Part.values()) {
      String cause = family + " " + part;
      FirewallException problem = outcome.problems().get(part);
      if (problem != null) {
        failures.failed(cause, "%s rules: %s".formatted(cause, problem.getMessage()));
      } else {
        failures.recovered(cause, cause + " rules are in place");
      }
    }
    if (!outcome.written().isEmpty()) {
      wrote(family, outcome, repair && everRight.contains(family), by);
    }
    if (outcome.problems().isEmpty()) {
      everRight.add(family);
    }
  }

  private void wrote(Family family, Outcome outcome, boolean back, String by) {
    boolean inVain = outcome.written().stream().anyMatch(outcome.problems()::containsKey);
    if (back || inVain) {
      undoing.repaired(System.nanoTime(), by);
    }
    if (back) {
      failures.failed(
          "repair " + family,
          "Put %s rules back for %s%s"
              .formatted(family, outcome.written(), by.isEmpty() ? "" : "; changed by " + by));
    } else {
      LOG.log(Level.INFO, "Wrote {0} rules: {1}", family, outcome.written());
    }
  }

  /** The last report says that all is well until there is a next one. By any thread. */
  void overdue(Family family, boolean changed) {
    reports
        .peek()
        .map(Latest.Versioned::value)
        .ifPresent(last ->
            reports.put(
                changed
                    ? last.blockedBy(
                        "%s rules: they have changed, and looking at them takes long: slow programs?"
                            .formatted(family))
                    : last.noted(
                        "%s: looking at the rules takes long: slow programs?".formatted(family))));
  }

  void report(Subnets subnets, Findings findings) {
    TrafficReport report =
        new TrafficReport(
            engine,
            subnets,
            findings.blocking(),
            findings.problems(),
            findings.notes(),
            undoing.total(),
            undoing.opponents(System.nanoTime()));
    if (reports.peek().filter(last -> last.value().equals(report)).isEmpty()) {
      reports.put(report);
    }
  }
}
