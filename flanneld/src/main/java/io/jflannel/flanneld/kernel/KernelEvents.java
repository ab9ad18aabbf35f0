// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Kernel.Disturbance;
import io.jflannel.flanneld.state.Kernel.Interest;
import io.jflannel.flanneld.state.Kernel.Listener;
import io.jflannel.linux.route.EventFilter;
import io.jflannel.linux.route.EventGroup;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteEvent;
import io.jflannel.linux.route.RouteEvents;
import io.jflannel.linux.route.RouteSocket;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Listens to the kernel on a platform thread of its own and tells of what is news. Headers are
 * looked at first: most events of a busy host concern containers' links and never are decoded.
 *
 * <p>Whatever ends that thread is handed to the listener: the loop listens anew if the kernel was
 * the reason, and ends the daemon if it was a bug.
 */
final class KernelEvents implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /**
   * What comes so soon after news is read all at once: the pass that the news caused reads the
   * kernel anyway, and somebody who changes things all the time would keep this thread busy too.
   */
  private static final Duration BREATH = Duration.ofMillis(100);

  private final RouteEvents events;
  private final int ownPort;
  private final Supplier<Interest> interest;
  private final Listener listener;
  private final Map<Integer, String> names;

  /** Links told of in what is being read: their names are not known yet. */
  private final Set<Integer> unnamed;

  private final Thread thread;
  private volatile boolean closed;

  private KernelEvents(int ownPort, Supplier<Interest> interest, Listener listener) {
    this.ownPort = ownPort;
    this.interest = interest;
    this.listener = listener;
    names = new HashMap<>();
    unnamed = new HashSet<>();
    events = RouteEvents.open(EnumSet.allOf(EventGroup.class), this::wants);
    thread = Thread.ofPlatform().name("kernel events").daemon().unstarted(this::listen);
  }

  static KernelEvents start(int ownPort, Supplier<Interest> interest, Listener listener) {
    var started = new KernelEvents(ownPort, interest, listener);
    try {
      started.nameLinks();
      started.thread.start();
      return started;
    } catch (RuntimeException e) {
      started.events.close(); // it is tried again after the next pass
      throw e;
    }
  }

  private void nameLinks() {
    Interest now = interest.get();
    try (RouteSocket socket = RouteSocket.open()) {
      socket.link(now.parent()).ifPresent(this::note);
      for (String device : now.ownership().devices()) {
        socket.link(device).ifPresent(this::note);
      }
    }
  }

  private void note(Link link) {
    names.put(link.index(), link.name());
  }

  private void listen() {
    try {
      while (!closed) {
        if (tell(events.await(PATIENCE))) {
          LockSupport.parkNanos(BREATH.toNanos());
        }
      }
    } catch (RuntimeException | Error e) {
      listener.deaf(e);
    }
  }

  /** Answers whether anything was news. */
  private boolean tell(List<RouteEvent> heard) {
    if (heard.isEmpty()) {
      return false;
    }
    boolean news = false;
    var relevance = new Relevance(interest.get(), names, ownPort);
    for (RouteEvent event : heard) {
      if (event instanceof RouteEvent.LinkChanged(var link, _) && relevance.concerns(link.name())) {
        note(link);
      }
      // also that one of ours was given another name
      Optional<Disturbance> disturbance = relevance.of(event);
      disturbance.ifPresent(listener::disturbed);
      news |= disturbance.isPresent();
      if (event instanceof RouteEvent.LinkChanged(var link, _)
          && !relevance.concerns(link.name())) {
        names.remove(link.index());
      } else if (event instanceof RouteEvent.LinkGone(var link, _)) {
        names.remove(link.index());
      }
    }
    unnamed.clear();
    return news;
  }

  private boolean wants(EventFilter.Header header) {
    if (header.portId() == ownPort && header.group() != EventGroup.LINK) {
      return false;
    }
    return switch (header.group()) {
      case LINK -> {
        unnamed.add(header.linkIndex());
        yield true;
      }
      case ADDRESS, NEIGHBOUR ->
          names.containsKey(header.linkIndex()) || unnamed.contains(header.linkIndex());
      case ROUTE -> header.table() == Route.MAIN;
      case NEXTHOP -> header.gone() && header.protocol() == NexthopIds.PROTOCOL;
    };
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
