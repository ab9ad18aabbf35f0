// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.NftablesEvent;
import io.jflannel.linux.netfilter.NftablesEvents;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Hears that somebody changed chains that matter to us, on a platform thread of its own. While it
 * cannot hear it says so, and what changes is found by the timer.
 */
final class Ear implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Ear.class.getName());
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Backoff RETRY = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));

  /** What comes so soon after news is heard all at once. */
  private static final Duration BREATH = Duration.ofMillis(50);

  /** Told on the ear's thread. */
  interface Listener {

    /** Somebody, perhaps ourselves, has changed something. */
    void changed();

    /** Who has made a change, told before {@link #changed}. */
    void committed(NftablesEvent.Committed commit);
  }

  private final Collection<ChainName> chains;
  private final Listener listener;
  private final Thread thread;
  private volatile Optional<NftablesEvents> events = Optional.empty();
  private volatile Optional<String> deaf = Optional.empty();
  private volatile Optional<Throwable> bug = Optional.empty();
  private volatile boolean closed;

  private Ear(Collection<ChainName> chains, Listener listener) {
    this.chains = List.copyOf(chains);
    this.listener = listener;
    thread = Thread.ofPlatform().name("firewall events").daemon().unstarted(this::listen);
  }

  /**
   * Begins to listen, in the caller's network namespace.
   *
   * @param chains if there are none, there is nothing to hear
   */
  static Ear open(Collection<ChainName> chains, Listener listener) {
    Ear ear = new Ear(chains, listener);
    if (!ear.chains.isEmpty()) {
      ear.begin();
      ear.thread.start();
    }
    return ear;
  }

  private void begin() {
    try {
      events = Optional.of(NftablesEvents.open(chains));
      if (deaf.isPresent()) {
        LOG.log(Level.INFO, "Changes of nf_tables are heard again");
      }
      deaf = Optional.empty();
    } catch (LinuxException e) {
      fail(e);
    }
  }

  private void fail(LinuxException reason) {
    if (deaf.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "Changes of nf_tables are not heard, only looked for: {0}",
          reason.getMessage());
    }
    deaf = Optional.of(String.valueOf(reason.getMessage()));
  }

  private void listen() {
    try {
      Backoff retry = RETRY;
      while (!closed) {
        if (events.isPresent()) {
          retry = RETRY;
          hear(events.get());
        } else {
          Thread.sleep(retry.pause());
          retry = retry.next();
          begin();
          listener.changed(); // perhaps, while nobody heard
        }
      }
    } catch (InterruptedException e) {
      // closed
    } catch (RuntimeException | Error e) {
      bug = Optional.of(e);
      listener.changed();
    } finally {
      events.ifPresent(NftablesEvents::close);
    }
  }

  private void hear(NftablesEvents open) {
    try {
      List<NftablesEvent> heard = open.await(PATIENCE);
      if (!heard.isEmpty()) {
        heard.forEach(this::tell);
        listener.changed();
        LockSupport.parkNanos(BREATH.toNanos());
      }
    } catch (LinuxException e) {
      events = Optional.empty();
      open.close();
      fail(e);
    }
  }

  private void tell(NftablesEvent event) {
    if (event instanceof NftablesEvent.Committed commit) {
      listener.committed(commit);
    }
  }

  /**
   * Why nothing is heard; empty while it is.
   *
   * @throws IllegalStateException if the thread has ended with a bug
   */
  Optional<String> deaf() {
    bug.ifPresent(reason -> {
      throw new IllegalStateException("the thread \"firewall events\" has ended", reason);
    });
    return deaf;
  }

  @Override
  public void close() {
    closed = true;
    events.ifPresent(NftablesEvents::wake);
    thread.interrupt();
  }
}
