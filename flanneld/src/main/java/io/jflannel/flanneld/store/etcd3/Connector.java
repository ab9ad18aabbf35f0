// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.jflannel.etcd.KVGrpc;
import io.jflannel.etcd.RangeRequest;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps one connection to one of several endpoints. When it is lost, the endpoints are tried in
 * turn, each {@link #HEAD_START} after the one before, all at once if need be, and the first that
 * answers wins: a dead or silent endpoint costs a fraction of a second. Attempts outlive the call
 * that began them, so that a slow endpoint is reached by the next call.
 *
 * <p>Each attempt has a channel of its own, thrown away when it fails: gRPC's own back-off, which
 * leaves calls dead for up to two minutes after an outage, never sets in. The pace is the caller's.
 */
final class Connector implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Connector.class.getName());
  private static final Duration HEAD_START = Duration.ofMillis(250);

  /** An attempt that is silent for this long will not come to anything. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration LOG_PAUSE = Duration.ofSeconds(10);

  private final EtcdAccess access;
  private final Dialer dialer;
  private final List<Endpoint> endpoints;

  /** Held by the one thread that connects; guards all below but {@code current}. */
  private final ReentrantLock connecting = new ReentrantLock();

  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final List<Attempt> attempts = new ArrayList<>();
  private final Set<Endpoint> resolving = new HashSet<>();
  private long loggedAt = System.nanoTime() - LOG_PAUSE.toNanos();
  private volatile int first;
  private final AtomicReference<Optional<Connection>> current =
      new AtomicReference<>(Optional.empty());
  private volatile boolean closed;

  private record Attempt(Endpoint endpoint, ManagedChannel channel, long began) {}

  private sealed interface Event {
    /** Some channel's state changed. */
    record Changed() implements Event {}

    record Resolved(Endpoint endpoint, List<InetAddress> addresses) implements Event {}

    record Unknown(Endpoint endpoint, UnknownHostException failure) implements Event {}
  }

  /** What one call to {@link #connection} has learnt. */
  private static final class Round {
    final Deque<Endpoint> waiting = new ArrayDeque<>();
    final Map<Endpoint, String> failures = new LinkedHashMap<>();
    long nextStart = System.nanoTime();
  }

  Connector(EtcdAccess access) {
    this.access = access;
    this.dialer = new Dialer(access.tls());
    this.endpoints = access.endpoints().list();
  }

  /**
   * The present connection, or a new one.
   *
   * @param deadline by {@link System#nanoTime}
   * @throws StoreException naming each endpoint and what was wrong with it
   */
  Connection connection(long deadline) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Optional<Connection> now = current.get().filter(Connection::ready);
    if (now.isPresent()) {
      return now.get();
    }
    if (!connecting.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      throw new StoreException(
          "etcd at %s: no connection yet".formatted(access.endpoints().text()));
    }
    try {
      now = current.get().filter(Connection::ready);
      return now.isPresent() ? now.get() : connect(deadline);
    } finally {
      connecting.unlock();
    }
  }

  /** The connection did not do what it should: the next call begins with the next endpoint. */
  void failed(Connection connection) {
    Optional<Connection> now = current.get();
    if (now.filter(connection::equals).isPresent()
        && current.compareAndSet(now, Optional.empty())) {
      first = (endpoints.indexOf(connection.endpoint()) + 1) % endpoints.size();
      connection.channel().shutdown(); // calls in progress end by themselves
    }
  }

  /** The next call connects anew; calls in progress end. */
  void leave() {
    current.getAndSet(Optional.empty()).ifPresent(connection -> connection.channel().shutdownNow());
  }

  private Connection connect(long deadline) throws InterruptedException {
    current.getAndSet(Optional.empty()).ifPresent(lost -> lost.channel().shutdownNow());
    Round round = new Round();
    dropStale();
    for (int i = 0; i < endpoints.size(); i++) {
      Endpoint endpoint = endpoints.get((first + i) % endpoints.size());
      if (!resolving.contains(endpoint)
          && attempts.stream().noneMatch(attempt -> attempt.endpoint().equals(endpoint))) {
        round.waiting.add(endpoint);
      }
    }
    while (!closed) {
      Optional<Connection> winner = harvest(round);
      if (winner.isPresent()) {
        return winner.get();
      }
      long now = System.nanoTime();
      if (!round.waiting.isEmpty() && now - round.nextStart >= 0) {
        start(round.waiting.remove());
        round.nextStart = now + HEAD_START.toNanos();
        continue;
      }
      boolean hopeless = round.waiting.isEmpty() && attempts.isEmpty() && resolving.isEmpty();
      if (hopeless || now - deadline >= 0) {
        throw unreachable(round);
      }
      long until = round.waiting.isEmpty() ? deadline : Math.min(deadline, round.nextStart);
      take(round, Optional.ofNullable(events.poll(until - now, TimeUnit.NANOSECONDS)));
    }
    throw new StoreException("the etcd client is closed");
  }

  private void dropStale() {
    long now = System.nanoTime();
    attempts.removeIf(attempt -> {
      boolean stale = now - attempt.began() > PATIENCE.toNanos();
      if (stale) {
        attempt.channel().shutdownNow();
      }
      return stale;
    });
  }

  private void start(Endpoint endpoint) {
    try {
      dial(endpoint, InetAddress.ofLiteral(endpoint.host()));
    } catch (IllegalArgumentException e) {
      // a name: asking for it may take long and cannot be interrupted
      resolving.add(endpoint);
      Thread.ofPlatform().daemon().name("etcd-resolve").start(() -> resolve(endpoint));
    }
  }

  private void resolve(Endpoint endpoint) {
    try {
      events.add(new Event.Resolved(endpoint, List.of(InetAddress.getAllByName(endpoint.host()))));
    } catch (UnknownHostException e) {
      events.add(new Event.Unknown(endpoint, e));
    }
  }

  private void dial(Endpoint endpoint, InetAddress address) {
    ManagedChannel channel =
        dialer.channel(endpoint, new InetSocketAddress(address, endpoint.port()));
    attempts.add(new Attempt(endpoint, channel, System.nanoTime()));
    observe(channel, channel.getState(true));
  }

  private void observe(ManagedChannel channel, ConnectivityState known) {
    channel.notifyWhenStateChanged(
        known,
        () -> {
          events.add(new Event.Changed());
          ConnectivityState state = channel.getState(false);
          if (state == ConnectivityState.IDLE || state == ConnectivityState.CONNECTING) {
            observe(channel, state);
          }
        });
  }

  private void take(Round round, Optional<Event> event) {
    if (event.isEmpty()) {
      return;
    }
    switch (event.get()) {
      case Event.Changed changed -> {}
      case Event.Resolved(Endpoint endpoint, List<InetAddress> addresses) -> {
        resolving.remove(endpoint);
        addresses.forEach(address -> dial(endpoint, address));
      }
      case Event.Unknown(Endpoint endpoint, UnknownHostException failure) -> {
        resolving.remove(endpoint);
        round.failures.put(endpoint, access.explain(failure));
        round.nextStart = System.nanoTime();
      }
    }
  }

  private Optional<Connection> harvest(Round round) {
    for (Attempt attempt : List.copyOf(attempts)) {
      switch (attempt.channel().getState(false)) {
        case READY -> {
          return Optional.of(won(attempt, round));
        }
        case TRANSIENT_FAILURE -> {
          round.failures.put(attempt.endpoint(), reason(attempt.channel()));
          round.nextStart = System.nanoTime();
          attempts.remove(attempt);
          attempt.channel().shutdownNow();
        }
        case IDLE, CONNECTING, SHUTDOWN -> {}
      }
    }
    return Optional.empty();
  }

  private Connection won(Attempt winner, Round round) {
    attempts.remove(winner);
    attempts.forEach(loser -> loser.channel().shutdownNow());
    attempts.clear();
    Connection connection = new Connection(winner.endpoint(), winner.channel());
    first = endpoints.indexOf(winner.endpoint());
    current.set(Optional.of(connection));
    if (closed) {
      winner.channel().shutdownNow();
    }
    if (!round.failures.isEmpty() && System.nanoTime() - loggedAt >= LOG_PAUSE.toNanos()) {
      loggedAt = System.nanoTime();
      LOG.log(
          System.Logger.Level.WARNING,
          "using etcd endpoint {0}; not usable: {1}",
          winner.endpoint(),
          EtcdAccess.list(round.failures));
    }
    return connection;
  }

  /** A call on a channel that could not connect ends at once and says why. */
  private String reason(ManagedChannel channel) {
    try {
      ClientCalls.blockingUnaryCall(
          channel,
          KVGrpc.getRangeMethod(),
          CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.SECONDS),
          RangeRequest.getDefaultInstance());
      return "connection lost";
    } catch (StatusRuntimeException e) {
      return access.explain(e);
    }
  }

  private StoreException unreachable(Round round) {
    for (Endpoint endpoint : endpoints) {
      round.failures.putIfAbsent(
          endpoint, "no answer within %d s".formatted(Calls.LIMIT.toSeconds()));
    }
    return new StoreException("etcd cannot be reached: " + EtcdAccess.list(round.failures));
  }

  @Override
  public void close() {
    closed = true;
    events.add(new Event.Changed());
    connecting.lock();
    try {
      current.get().ifPresent(connection -> connection.channel().shutdownNow());
      attempts.forEach(attempt -> attempt.channel().shutdownNow());
      attempts.clear();
    } finally {
      connecting.unlock();
    }
    dialer.close();
  }
}
