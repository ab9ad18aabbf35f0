// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.linux.UnixSignal;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How the process ends (LIF-17). SIGTERM and SIGINT interrupt the main thread, which ends all
 * others and returns; then the exit status is 0, where a JVM by itself would say 143 or 130. A
 * second one kills at once. SIGHUP kills, as upstream's runtime lets it; SIGQUIT stays the JVM's
 * thread dump.
 */
final class Shutdown {

  private static final System.Logger LOG = System.getLogger(Shutdown.class.getName());
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Thread main;
  private final AtomicBoolean ending = new AtomicBoolean();

  private Shutdown(Thread main) {
    this.main = main;
  }

  /** Prepares it for the calling thread. Comes before anything that may wait (ODD-52). */
  static Shutdown install() {
    Shutdown shutdown = new Shutdown(Thread.currentThread());
    UnixSignal.HUP.actByDefault();
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(shutdown::stop));
    return shutdown;
  }

  /** Ends the process with a status of its own; after a signal it returns, and 0 it will be. */
  void exit(int status) {
    if (ending.compareAndSet(false, true)) {
      System.exit(status);
    }
  }

  /** The hook: on a signal, or within {@link #exit}. */
  private void stop() {
    if (!ending.compareAndSet(false, true)) {
      return;
    }
    UnixSignal.TERM.actByDefault();
    UnixSignal.INT.actByDefault();
    main.interrupt();
    try {
      if (!main.join(LIMIT)) {
        LOG.log(Level.ERROR, "Not everything has ended within {0} s", LIMIT.toSeconds());
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread; ending is what is left to do anyway.
    }
    Runtime.getRuntime().halt(0);
  }
}
