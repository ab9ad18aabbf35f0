// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to etcd's v2 API with a time limit on every part (ODD-21). A working endpoint is kept;
 * when it fails the next is tried, but never for a write that may have arrived (7.1).
 */
final class Http implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration HEAD_START = Duration.ofMillis(500);

  private final EtcdAccess access;
  private final List<Endpoint> endpoints;
  private volatile Wire wire;
  private volatile int pinned;

  Http(EtcdAccess access) {
    this.access = access;
    this.endpoints = access.endpoints().list();
    this.wire = new Wire(access);
  }

  /**
   * Reads from the first endpoint that answers. One that is silent for {@link #HEAD_START} gets
   * company by the next; all have until the limit, so that a slow etcd is still an etcd.
   *
   * @throws StoreException naming each endpoint and what was wrong with it
   */
  Answer read(Wire.Request.Get request) throws InterruptedException {
    long deadline = begin();
    LinkedBlockingQueue<Wire.Exchange> finished = new LinkedBlockingQueue<>();
    List<Wire.Exchange> running = new ArrayList<>();
    Map<Endpoint, String> failures = new LinkedHashMap<>();
    int first = pinned;
    int started = 0;
    try {
      while (failures.size() < endpoints.size() && System.nanoTime() - deadline < 0) {
        if (started < endpoints.size()) {
          Wire.Exchange exchange =
              wire.begin(endpoints.get((first + started) % endpoints.size()), request);
          started++;
          running.add(exchange);
          var _ = exchange.whole().whenComplete((response, failure) -> finished.add(exchange));
        }
        long left = deadline - System.nanoTime();
        long wait = started < endpoints.size() ? Math.min(left, HEAD_START.toNanos()) : left;
        Optional<Wire.Exchange> done =
            Optional.ofNullable(finished.poll(wait, TimeUnit.NANOSECONDS));
        Optional<Answer> answer = done.flatMap(exchange -> outcome(exchange, failures));
        if (answer.isPresent()) {
          return answer.get();
        }
      }
      throw unusable(failures);
    } finally {
      running.forEach(Wire.Exchange::cancel);
    }
  }

  private Optional<Answer> outcome(Wire.Exchange exchange, Map<Endpoint, String> failures) {
    try {
      Answer answer = Wire.answer(exchange, exchange.whole().join());
      if (answer.status() < 500) {
        pinned = endpoints.indexOf(exchange.endpoint());
        return Optional.of(answer);
      }
      failures.put(exchange.endpoint(), answer.errorText());
    } catch (CompletionException e) {
      failures.put(exchange.endpoint(), explain(e));
    }
    return Optional.empty();
  }

  /**
   * Writes once: only an endpoint that surely got nothing is followed by the next.
   *
   * @throws StoreException also if the request may have been executed
   */
  Answer write(Wire.Request request) throws InterruptedException {
    long deadline = begin();
    Map<Endpoint, String> failures = new LinkedHashMap<>();
    int first = pinned;
    for (int i = 0; i < endpoints.size() && System.nanoTime() - deadline < 0; i++) {
      int at = (first + i) % endpoints.size();
      Endpoint endpoint = endpoints.get(at);
      boolean sent = true;
      try {
        Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        Answer answer = wire.receive(wire.begin(endpoint, request), left);
        if (answer.status() < 500) {
          pinned = at;
          return answer;
        }
        failures.put(endpoint, answer.errorText());
      } catch (ExecutionException e) {
        failures.put(endpoint, explain(e));
        sent = !neverSent(e);
      } catch (TimeoutException e) {
        failures.put(endpoint, noAnswer());
      }
      pinned = (at + 1) % endpoints.size();
      if (sent) {
        break;
      }
    }
    throw unusable(failures);
  }

  private static long begin() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return System.nanoTime() + LIMIT.toNanos();
  }

  private static String noAnswer() {
    return "no answer within %d s".formatted(LIMIT.toSeconds());
  }

  private StoreException unusable(Map<Endpoint, String> failures) {
    endpoints.forEach(endpoint -> failures.putIfAbsent(endpoint, noAnswer()));
    return new StoreException("etcd (v2 API) cannot be used: " + EtcdAccess.list(failures));
  }

  private static boolean neverSent(ExecutionException failure) {
    return failure.getCause() instanceof ConnectException
        || failure.getCause() instanceof HttpConnectTimeoutException;
  }

  /** For what a future ended with: the cause counts. */
  String explain(Exception failure) {
    return failure.getCause() instanceof HttpConnectTimeoutException
        ? "no connection within %d s".formatted(Wire.CONNECT_LIMIT.toSeconds())
        : access.explain(failure);
  }

  /** A long poll at the endpoint that works. */
  Wire.Exchange poll(Wire.Request.Get request) {
    return wire.begin(endpoints.get(pinned), request);
  }

  /** The endpoint of a poll failed: the next request begins with the next one. */
  void failed(Wire.Exchange exchange) {
    pinned = (endpoints.indexOf(exchange.endpoint()) + 1) % endpoints.size();
  }

  /** Waits for the body; gives the exchange up at the limit or when interrupted. */
  Answer receive(Wire.Exchange exchange, Duration limit)
      throws InterruptedException, ExecutionException, TimeoutException {
    return wire.receive(exchange, limit);
  }

  /** For a message about an answer that is an error. */
  StoreException refused(Answer answer, String key) {
    String hint =
        switch (answer.status()) {
          case 401, 403 ->
              access.credentials().isPresent()
                  ? ": check --etcd-username, --etcd-password and the user's roles"
                  : ": etcd wants --etcd-username and --etcd-password";
          case 404 -> ": has this etcd no v2 API? Up to 3.5 it needs --enable-v2";
          default -> "";
        };
    return new StoreException(
        "etcd (v2 API) at %s, key %s: %s%s"
            .formatted(access.endpoints().text(), key, answer.errorText(), hint));
  }

  /** Requests in progress end; the next ones connect anew. */
  void reconnect() {
    Wire old = wire;
    wire = new Wire(access);
    old.close();
  }

  @Override
  public void close() {
    wire.close();
  }
}
