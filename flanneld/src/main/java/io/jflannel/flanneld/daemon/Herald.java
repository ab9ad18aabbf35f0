// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.flow.Latest.Versioned;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.status.About;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.status.Readiness;
import io.jflannel.flanneld.status.StatusDocument;
import io.jflannel.flanneld.subnetfile.AtomicFile;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * Tells others how the node is: systemd, the store, the log and the status file. Sleeps while
 * nothing changes.
 */
final class Herald {

  private static final System.Logger LOG = System.getLogger(Herald.class.getName());
  private static final Duration STATUS_PACE = Duration.ofSeconds(1);
  private static final Duration SYSTEMD_PACE = Duration.ofSeconds(10);

  /** While not ready, time itself changes the reasons and systemd wants signs of life. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  private static final Duration LONG = Duration.ofDays(1);

  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final Board board;
  private final About about;
  private final Systemd systemd;
  private final Runnable store;
  private final Path statusPath;
  private final AtomicFile statusFile;

  private boolean everReady;
  private boolean readyNow;
  private Instant lastSign;
  private Instant lastStatus = Instant.EPOCH;
  private boolean statusDue = true;

  /**
   * Tells what {@code board} says.
   *
   * @param store told once, when the node is ready for the first time
   */
  Herald(Board board, About about, Systemd systemd, Runnable store, Path statusFile) {
    this.board = board;
    this.about = about;
    this.systemd = systemd;
    this.store = store;
    this.statusPath = statusFile.toAbsolutePath();
    // Prepared beside it: this one is written often and need not survive a crash of the host.
    this.statusFile = new AtomicFile(statusPath, statusPath.resolveSibling("."));
    this.lastSign = about.started().minus(SYSTEMD_PACE).plus(LOOK_AGAIN);
  }

  /** Until interrupted. */
  void run() throws InterruptedException {
    Versioned<Facts> current = board.facts().awaitNewer(0);
    while (true) {
      Instant now = Instant.now();
      boolean waiting = announce(current.value(), now);
      if (statusDue && !now.isBefore(lastStatus.plus(STATUS_PACE))) {
        writeStatus(current.value(), now);
      }
      Duration pause = statusDue || waiting ? LOOK_AGAIN : LONG;
      Versioned<Facts> newest = board.facts().awaitNewer(current.version(), pause).orElse(current);
      statusDue |= newest.version() != current.version();
      current = newest;
    }
  }

  /** Returns whether the passing of time alone may change what is to be told. */
  private boolean announce(Facts facts, Instant now) {
    Readiness readiness = facts.readiness(now);
    if (readiness.ready()) {
      becameReady();
    } else {
      notReady(readiness, now);
    }
    statusDue |= readiness.ready() != readyNow;
    readyNow = readiness.ready();
    boolean contact = facts.view().map(view -> view.contact().connected()).orElse(false);
    return !readyNow || !contact;
  }

  private void becameReady() {
    if (!everReady) {
      everReady = true;
      LOG.log(Level.INFO, "flannel is ready");
      systemd.ready();
      store.run();
    }
    failures.recovered("readiness", "Ready again");
  }

  private void notReady(Readiness readiness, Instant now) {
    String reasons = String.join("; ", readiness.reasons());
    if (everReady) {
      if (readyNow) {
        failures.failed("readiness", "Not ready any more: " + reasons);
      }
      return;
    }
    if (!now.isBefore(lastSign.plus(SYSTEMD_PACE))) {
      lastSign = now;
      systemd.waiting(reasons);
    }
  }

  private void writeStatus(Facts facts, Instant now) throws InterruptedException {
    lastStatus = now;
    try {
      statusFile.write(StatusDocument.text(about, facts, now) + "\n");
      statusDue = false;
      failures.recovered("status", "Wrote " + statusPath);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      statusDue = false; // with the next change: nobody's traffic depends on it
      failures.failed("status", "Cannot write status file: " + Reasons.of(e));
    }
  }
}
