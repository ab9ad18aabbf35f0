// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.tun.SystemCalls;
import io.jflannel.net.Cidr;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A TUN device, a UDP socket and the two platform threads that move packets between them.
 *
 * <p>It ends by {@link #close}, or by itself when somebody deletes the device (the reads then fail)
 * or the kernel answers what it should not: then it is {@link #lost}, {@link #failure} tells which,
 * and the owner closes it and opens another one. All methods may be called from any thread, but a
 * callback must not close.
 */
public final class Tunnel implements AutoCloseable {

  private final Endpoints endpoints;
  private final TunnelCounters before;
  private final AtomicReference<ForwardingTable> table =
      new AtomicReference<>(ForwardingTable.EMPTY);
  private final OwnSubnet own;
  private final Tally sent = new Tally();
  private final Tally received = new Tally();
  private final Thread transmitter;
  private final Thread reader;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicReference<Optional<Throwable>> failure =
      new AtomicReference<>(Optional.empty());
  private volatile boolean stopping;
  private volatile boolean lost;
  private volatile Runnable whenLost = () -> {};

  private Tunnel(Endpoints endpoints, TunnelSetup setup, TunnelCounters before) {
    this.endpoints = endpoints;
    this.before = before;
    own = new OwnSubnet(setup.subnet());
    Admission admission = new Admission(setup.network(), own);
    this.transmitter =
        thread("udp tx", Assembly.outbound(endpoints, setup, admission, table, own, sent));
    this.reader = thread("udp rx", Assembly.inbound(endpoints, admission, table, received));
  }

  /**
   * Opens the device and the socket in the calling thread's network namespace. Moves nothing yet.
   *
   * @throws LinuxException if there is no TUN (ENOENT, EPERM), or the address or port is not free
   */
  public static Tunnel open(TunnelSetup setup) {
    return open(setup, TunnelCounters.ZERO);
  }

  /**
   * As {@link #open(TunnelSetup)}, for one that follows another.
   *
   * @param before the counters of the other one, on top of which this one counts
   */
  public static Tunnel open(TunnelSetup setup, TunnelCounters before) {
    return open(new SystemCalls(), setup, before);
  }

  static Tunnel open(SystemCalls calls, TunnelSetup setup, TunnelCounters before) {
    return new Tunnel(Endpoints.open(calls, setup), setup, before);
  }

  private Thread thread(String name, Rounds rounds) {
    return Thread.ofPlatform().name(name).daemon().unstarted(() -> run(rounds));
  }

  private void run(Rounds rounds) {
    try {
      boolean there = true;
      while (there && !stopping) {
        there = rounds.round();
      }
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(Optional.empty(), Optional.of(e));
    } finally {
      if (!stopping) {
        lost = true;
        stop();
      }
      if (lost && ended.compareAndSet(false, true)) {
        whenLost.run();
      }
    }
  }

  private void stop() {
    stopping = true;
    endpoints.device().wake();
    endpoints.socket().stopReceiving();
  }

  /** The name that the TUN device has got. */
  public String device() {
    return endpoints.device().name();
  }

  /** Starts the threads "udp tx" and "udp rx". Once. */
  public void start() {
    transmitter.start();
    reader.start();
  }

  /** Sends by another table from the next packets on, and receives from its peers only. */
  public void forward(ForwardingTable newest) {
    table.set(newest);
  }

  /** From the next packets on, this is the own subnet. */
  public void own(Cidr subnet) {
    own.set(subnet);
  }

  /** How packets move now. */
  public DatapathInUse datapath() {
    return new DatapathInUse(endpoints.path(), endpoints.fallbacks().clauses());
  }

  /** What this tunnel and those before it have moved, as of a moment ago. */
  public TunnelCounters counters() {
    TunnelCounters now =
        new TunnelCounters(
            sent.direction(),
            received.direction(),
            TunnelCounters.sum(sent.drops(), received.drops()),
            sent.answers());
    return before.plus(now);
  }

  /** Whether the threads have ended by themselves. */
  public boolean lost() {
    return lost;
  }

  /** Why it is lost, unless the device was deleted: a {@link LinuxException}, or a bug. */
  public Optional<Throwable> failure() {
    return failure.get();
  }

  /** Runs something once, on a thread of the tunnel, when it is lost. Before {@link #start}. */
  public void onLost(Runnable task) {
    whenLost = task;
  }

  /** Ends the threads and waits for that, then closes the socket and so removes the device. */
  @Override
  public void close() {
    stop();
    boolean interrupted = join(transmitter);
    interrupted |= join(reader);
    endpoints.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns whether the calling thread was interrupted meanwhile. */
  private static boolean join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    return interrupted;
  }
}
