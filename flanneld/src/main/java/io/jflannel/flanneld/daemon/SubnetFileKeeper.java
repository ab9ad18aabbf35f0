// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.Latest.Versioned;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.status.FileState;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps the subnet file as it should be: writes it when its content is known or changes, and again
 * when somebody removed or altered it (P38). A write that fails is tried again (ODD-5).
 */
final class SubnetFileKeeper {

  private static final System.Logger LOG = System.getLogger(SubnetFileKeeper.class.getName());
  private static final Duration LOOK = Duration.ofSeconds(4);
  private static final Backoff RETRY = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));

  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final SubnetFile file;
  private final Latest<SubnetEnv> wanted;
  private final Consumer<FileState> report;
  private Backoff retry = RETRY;

  /**
   * Keeps one file.
   *
   * @param report told after each change of the file's state, on the thread that runs this
   */
  SubnetFileKeeper(SubnetFile file, Latest<SubnetEnv> wanted, Consumer<FileState> report) {
    this.file = file;
    this.wanted = wanted;
    this.report = report;
  }

  /** Until interrupted. Nothing is written after that (ODD-59). */
  void run() throws InterruptedException {
    Versioned<SubnetEnv> current = wanted.awaitNewer(0);
    boolean good = write(current.value());
    while (true) {
      Optional<Versioned<SubnetEnv>> newer =
          wanted.awaitNewer(current.version(), good ? LOOK : retry.pause());
      if (newer.isPresent()) {
        current = newer.get();
        good = write(current.value());
      } else if (!good) {
        retry = retry.next();
        good = write(current.value());
      } else if (!file.intact(current.value().text())) {
        LOG.log(Level.WARNING, "{0} was removed or altered; writing it again", file.path());
        good = write(current.value());
      }
    }
  }

  private boolean write(SubnetEnv env) throws InterruptedException {
    try {
      file.write(env.text());
      failures.recovered("write", "Wrote " + file.path());
      LOG.log(Level.DEBUG, "wrote {0}", file.path());
      retry = RETRY;
      report.accept(new FileState.Written());
      return true;
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      failures.failed("write", "Cannot write subnet file " + file.path() + ": " + Reasons.of(e));
      report.accept(new FileState.Failed(Reasons.of(e)));
      return false;
    }
  }
}
