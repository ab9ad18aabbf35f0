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
 *
 * <p>No thread ends unnoticed:
 *
 * <ul>
 *   <li>an exception in a task of a {@code TaskScope} is a bug in a part that nothing works
 *       without: main throws it and the process ends with 1, to be started anew;
 *   <li>the network thread does the same with a bug of the two threads that wake it; when the
 *       kernel's events cannot be heard any more, it shows that in the status and listens anew;
 *   <li>threads that serve one request (etcd-get, etcd-revoke, etcd-resolve, a health request), and
 *       those of gRPC, Netty and the JDK's HTTP end here: logged with the cause. What waits for
 *       them has a time limit and says so in the status: no contact with the store. If the JVM
 *       itself is broken, out of memory say, the process ends with 1.
 * </ul>
 */
final class Shutdown {

  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Thread main;
  private final AtomicBoolean ending = new AtomicBoolean();

  private Shutdown(Thread main) {
    this.main = main;
  }

  /** Prepares it for the calling thread. Comes before anything that may wait (ODD-52). */
  static Shutdown install() {
    Shutdown shutdown = new Shutdown(Thread.currentThread());
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(shutdown::stop));
    Thread.setDefaultUncaughtExceptionHandler(shutdown::uncaught);
    UnixSignal.HUP.actByDefault();
    return shutdown;
  }

  private void uncaught(Thread thread, Throwable cause) {
    log().log(Level.ERROR, "Unexpected end of " + thread, cause);
    if (cause instanceof VirtualMachineError) {
      exit(1);
    }
  }

  /** Not before it is needed: logging is configured after this class is loaded. */
  private static System.Logger log() {
    return System.getLogger(Shutdown.class.getName());
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
        log().log(Level.ERROR, "Not everything has ended within {0} s", LIMIT.toSeconds());
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread; ending is what is left to do anyway.
    }
    Runtime.getRuntime().halt(0);
  }
}
