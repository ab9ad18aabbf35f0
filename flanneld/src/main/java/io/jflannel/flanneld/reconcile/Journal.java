// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Target.Change;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** What the log says of passes: changes of the world, not ticks (P37). */
final class Journal {

  /** Lines of a first sweep; then a count. */
  private static final int SWEEP_LINES = 20;

  /** Peers named one by one for one view. */
  private static final int PEER_LINES = 5;

  /** Passes told of in {@link #PERIOD}; what more there are is added up. */
  private static final int TOLD = 5;

  private static final Duration PERIOD = Duration.ofSeconds(10);

  private final Logger logger = System.getLogger(Reconciler.class.getName());
  private final LongSupplier nanos;
  private final RateLimitedLog limited;
  private long periodEnd;
  private int told;
  private int untoldPasses;
  private long untoldChanges;

  /**
   * A journal.
   *
   * @param nanos as System::nanoTime
   */
  Journal(LongSupplier nanos) {
    this.nanos = nanos;
    this.limited = new RateLimitedLog(logger, nanos);
    this.periodEnd = nanos.getAsLong();
  }

  /** The changes of a pass; {@code repairs} are those of them that undo what others did. */
  void changed(List<Change> done, List<Change> repairs, boolean firstSweep) {
    if (firstSweep) {
      sweep(done);
    }
    if (done.size() > repairs.size()) {
      applied(done, repairs);
    }
    if (!repairs.isEmpty()) {
      limited.failed(
          "repairs",
          "Repaired "
              + repairs.size()
              + " of our kernel objects that somebody else changed, first: "
              + Words.of(repairs.getFirst().resource()));
    }
  }

  private void sweep(List<Change> done) {
    List<Change> deletes = done.stream().filter(Journal::isDelete).toList();
    for (Change delete : deletes.subList(0, Math.min(SWEEP_LINES, deletes.size()))) {
      logger.log(Level.INFO, "First sweep: deleted " + Words.of(delete.resource()));
    }
    if (deletes.size() > SWEEP_LINES) {
      logger.log(Level.INFO, "First sweep: deleted " + (deletes.size() - SWEEP_LINES) + " more");
    }
  }

  private void applied(List<Change> done, List<Change> repairs) {
    tellRest();
    if (told == TOLD) {
      untoldPasses++;
      untoldChanges += done.size();
      return;
    }
    told++;
    long deletes = done.stream().filter(Journal::isDelete).count();
    logger.log(
        Level.INFO,
        "Network brought up to date: "
            + (done.size() - deletes)
            + " put, "
            + deletes
            + " deleted"
            + (repairs.isEmpty() ? "" : ", " + repairs.size() + " of these are repairs"));
    List<Change> routes =
        done.stream().filter(change -> change.resource() instanceof Resource.Route).toList();
    if (routes.size() <= PEER_LINES) {
      for (Change change : routes) {
        String end = isDelete(change) ? " deleted" : " in place";
        logger.log(Level.INFO, Words.of(change.resource()) + end);
      }
    }
  }

  /** When a period is over: what was left out in it, so that thousands of leases are few lines. */
  private void tellRest() {
    long now = nanos.getAsLong();
    if (now - periodEnd < 0) {
      return;
    }
    if (untoldPasses > 0) {
      logger.log(
          Level.INFO,
          "Network brought up to date: and "
              + untoldChanges
              + " changes more in "
              + untoldPasses
              + (untoldPasses == 1 ? " pass" : " passes"));
    }
    told = 0;
    untoldPasses = 0;
    untoldChanges = 0;
    periodEnd = now + PERIOD.toNanos();
  }

  static boolean isDelete(Change change) {
    return change instanceof Change.Delete;
  }

  /** What is wrong after a pass; says so once when all is well again. */
  void problems(List<String> own, Map<Subnets, String> peers) {
    if (own.isEmpty()) {
      limited.recovered("own", "The node's own network devices are in order again");
    } else {
      limited.failed("own", "Network not as wanted: " + String.join("; ", own));
    }
    if (peers.isEmpty()) {
      limited.recovered("peers", "All peers are programmed again");
    } else {
      var first = peers.entrySet().iterator().next();
      limited.failed(
          "peers",
          peers.size()
              + (peers.size() == 1 ? " peer is" : " peers are")
              + " not, or only partly, programmed, first: "
              + first.getKey()
              + ": "
              + first.getValue());
    }
  }

  void failed(RuntimeException e) {
    limited.failed("kernel", "A pass over the kernel's network state failed", e);
  }

  void deaf(RuntimeException e) {
    limited.failed("events", "The kernel's events cannot be heard; listening anew", e);
  }

  /** A pass has ended well. */
  void worked() {
    tellRest();
    limited.recovered("kernel", "Passes over the kernel's network state work again");
  }

  void external(String line) {
    logger.log(Level.INFO, line);
  }
}
