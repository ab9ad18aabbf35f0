// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.json.Json;
import io.jflannel.flanneld.json.JsonException;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Credentials;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to etcd's v2 API with a time limit on every part (ODD-21). A working endpoint is kept;
 * when it fails the next is tried, but never for a write that may have arrived (7.1).
 */
final class Http implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(1);
  private static final Duration HEAD_START = Duration.ofMillis(500);

  /** Bounds what a hostile store can make us hold: some 100,000 leases. */
  private static final int LARGEST_BODY = 32 * 1024 * 1024;

  private final EtcdAccess access;
  private final List<Endpoint> endpoints;
  private final HttpClient client;
  private volatile int pinned;

  /** A request but for the endpoint. */
  sealed interface Request {
    /** Path and query below {@code /v2/keys}. */
    String target();

    record Get(String target) implements Request {}

    record Put(String target, String form) implements Request {}

    record Delete(String target) implements Request {}
  }

  Http(EtcdAccess access) {
    this.access = access;
    this.endpoints = access.endpoints().list();
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_LIMIT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .proxy(HttpClient.Builder.NO_PROXY)
            .executor(Executors.newVirtualThreadPerTaskExecutor());
    access.tls().ifPresent(tls -> builder.sslContext(tls.context()));
    this.client = builder.build();
  }

  /**
   * Reads from the first endpoint that answers. One that is silent for {@link #HEAD_START} gets
   * company by the next; all have until the limit, so that a slow etcd is still an etcd.
   *
   * @throws StoreException naming each endpoint and what was wrong with it
   */
  Answer read(Request.Get request) throws InterruptedException {
    long deadline = begin();
    LinkedBlockingQueue<Exchange> finished = new LinkedBlockingQueue<>();
    List<Exchange> running = new ArrayList<>();
    Map<Endpoint, String> failures = new LinkedHashMap<>();
    int first = pinned;
    int started = 0;
    try {
      while (failures.size() < endpoints.size() && System.nanoTime() - deadline < 0) {
        if (started < endpoints.size()) {
          Exchange exchange = begin(endpoints.get((first + started) % endpoints.size()), request);
          started++;
          running.add(exchange);
          var _ = exchange.whole().whenComplete((response, failure) -> finished.add(exchange));
        }
        long left = deadline - System.nanoTime();
        long wait = started < endpoints.size() ? Math.min(left, HEAD_START.toNanos()) : left;
        Optional<Exchange> done = Optional.ofNullable(finished.poll(wait, TimeUnit.NANOSECONDS));
        Optional<Answer> answer = done.flatMap(exchange -> outcome(exchange, failures));
        if (answer.isPresent()) {
          return answer.get();
        }
      }
      throw unusable(failures);
    } finally {
      running.forEach(Exchange::cancel);
    }
  }

  private Optional<Answer> outcome(Exchange exchange, Map<Endpoint, String> failures) {
    try {
      Answer answer = answer(exchange, exchange.whole().join());
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
  Answer write(Request request) throws InterruptedException {
    long deadline = begin();
    Map<Endpoint, String> failures = new LinkedHashMap<>();
    int first = pinned;
    for (int i = 0; i < endpoints.size() && System.nanoTime() - deadline < 0; i++) {
      int at = (first + i) % endpoints.size();
      Endpoint endpoint = endpoints.get(at);
      boolean sent = true;
      try {
        Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        Answer answer = receive(begin(endpoint, request), left);
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
    return new StoreException("etcd (v2 API) cannot be used: " + text(failures));
  }

  private static boolean neverSent(ExecutionException failure) {
    return failure.getCause() instanceof ConnectException
        || failure.getCause() instanceof HttpConnectTimeoutException;
  }

  /** For what a future ended with: the cause counts. */
  String explain(Exception failure) {
    return failure.getCause() instanceof HttpConnectTimeoutException
        ? "no connection within %d s".formatted(CONNECT_LIMIT.toSeconds())
        : access.explain(failure);
  }

  private static String text(Map<Endpoint, String> failures) {
    return String.join(
        "; ",
        failures.entrySet().stream()
            .map(failure -> failure.getKey().url() + ": " + failure.getValue())
            .toList());
  }

  /** An answer under way: headers come first, for a long poll much earlier than the body. */
  record Exchange(
      Endpoint endpoint,
      CompletableFuture<HttpResponse.ResponseInfo> head,
      CompletableFuture<HttpResponse<byte[]>> whole) {

    void cancel() {
      whole.cancel(true);
    }
  }

  /** A long poll at the endpoint that works. */
  Exchange poll(Request.Get request) {
    return begin(endpoints.get(pinned), request);
  }

  /** The endpoint of a poll failed: the next request begins with the next one. */
  void failed(Exchange exchange) {
    pinned = (endpoints.indexOf(exchange.endpoint()) + 1) % endpoints.size();
  }

  private Exchange begin(Endpoint endpoint, Request request) {
    CompletableFuture<HttpResponse.ResponseInfo> head = new CompletableFuture<>();
    HttpRequest http = http(endpoint, request);
    CompletableFuture<HttpResponse<byte[]>> whole =
        client.sendAsync(
            http,
            BodyHandlers.limiting(
                info -> {
                  head.complete(info);
                  return BodySubscribers.ofByteArray();
                },
                LARGEST_BODY));
    return new Exchange(endpoint, head, whole);
  }

  private HttpRequest http(Endpoint endpoint, Request request) {
    URI uri;
    try {
      uri = URI.create(endpoint.url() + "/v2/keys" + request.target());
      HttpRequest.Builder builder = HttpRequest.newBuilder(uri);
      access.credentials().ifPresent(known -> builder.header("Authorization", basic(known)));
      return switch (request) {
        case Request.Get get -> builder.GET().build();
        case Request.Delete delete -> builder.DELETE().build();
        case Request.Put(String target, String form) ->
            builder
                .header("Content-Type", "application/x-www-form-urlencoded")
                .PUT(BodyPublishers.ofString(form))
                .build();
      };
    } catch (IllegalArgumentException e) {
      throw new StoreException(
          "etcd endpoint %s cannot be used with the v2 API: %s".formatted(endpoint, e.getMessage()),
          e);
    }
  }

  private static String basic(Credentials known) {
    byte[] pair = (known.user() + ":" + known.password()).getBytes(UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(pair);
  }

  /** Waits for the body; gives the exchange up at the limit or when interrupted. */
  Answer receive(Exchange exchange, Duration limit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return answer(exchange, exchange.whole().get(limit.toNanos(), TimeUnit.NANOSECONDS));
    } finally {
      exchange.cancel();
    }
  }

  private static Answer answer(Exchange exchange, HttpResponse<byte[]> response) {
    String text = new String(response.body(), UTF_8);
    Optional<Json.Obj> body = Optional.empty();
    if (!text.isBlank()) {
      try {
        body = Json.parse(text) instanceof Json.Obj object ? Optional.of(object) : Optional.empty();
      } catch (JsonException e) {
        if (response.statusCode() < 400) {
          throw new StoreException(
              "%s does not answer as etcd's v2 API: %s"
                  .formatted(exchange.endpoint(), e.getMessage()),
              e);
        }
      }
    }
    return new Answer(
        response.statusCode(),
        index(response),
        response.headers().firstValue("X-Etcd-Cluster-Id").orElse(""),
        body);
  }

  private static long index(HttpResponse<?> response) {
    return index(response.headers().firstValue("X-Etcd-Index"));
  }

  static long index(Optional<String> header) {
    return header.filter(text -> text.matches("[0-9]{1,18}")).map(Long::parseLong).orElse(0L);
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

  @Override
  public void close() {
    client.shutdownNow();
  }
}
