// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.NftablesEvent;
import io.jflannel.linux.netfilter.NftablesEvents;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongPredicate;

/**
 * Hears that somebody changed chains that matter to us, on a platform thread of its own. What is
 * not heard is found by the timer.
 */
final class Ear implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Ear.class.getName());
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** What comes so soon after news is heard all at once. */
  private static final Duration BREATH = Duration.ofMillis(50);

  private final NftablesEvents events;
  private final LongPredicate own;
  private final Consumer<String> news;
  private final Thread thread;
  private volatile boolean closed;

  private Ear(NftablesEvents events, LongPredicate own, Consumer<String> news) {
    this.events = events;
    this.own = own;
    this.news = news;
    thread = Thread.ofPlatform().name("firewall events").daemon().unstarted(this::listen);
  }

  /**
   * Begins to listen, in the caller's network namespace.
   *
   * @param own tells whether a process is one of ours, whose changes are no news
   * @param news told of each change, on another thread, with the name of the process that made it;
   *     empty if that is not known
   */
  static Ear open(Collection<ChainName> chains, LongPredicate own, Consumer<String> news) {
    Ear ear = new Ear(NftablesEvents.open(chains), own, news);
    ear.thread.start();
    return ear;
  }

  private void listen() {
    try {
      while (!closed) {
        List<NftablesEvent> heard = events.await(PATIENCE);
        if (!heard.isEmpty()) {
          tell(heard);
          LockSupport.parkNanos(BREATH.toNanos());
        }
      }
    } catch (RuntimeException e) {
      if (!closed) {
        LOG.log(Level.WARNING, "Changes of nf_tables are not heard any more, only looked for", e);
      }
    }
  }

  /** The changes of a transaction come first, then who asked for it. */
  private void tell(List<NftablesEvent> heard) {
    boolean changed = false;
    for (NftablesEvent event : heard) {
      switch (event) {
        case NftablesEvent.Changed _ -> changed = true;
        case NftablesEvent.Committed commit -> {
          if (!own.test(commit.pid())) {
            news.accept("%s (pid %d)".formatted(commit.process(), commit.pid()));
          }
          changed = false;
        }
        case NftablesEvent.Lost _ -> news.accept("");
      }
    }
    if (changed) { // the rest is still to come
      news.accept("");
    }
  }

  @Override
  public void close() {
    closed = true;
    events.wake();
    boolean interrupted = Thread.interrupted();
    try {
      if (thread.join(Duration.ofSeconds(5))) {
        events.close();
      }
    } catch (InterruptedException e) {
      interrupted = true; // it ends by itself
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
