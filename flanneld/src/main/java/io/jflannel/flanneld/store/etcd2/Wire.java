// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Credentials;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One request to one endpoint, and how its answer reads. */
final class Wire implements AutoCloseable {

  static final Duration CONNECT_LIMIT = Duration.ofSeconds(1);

  /** Bounds what a hostile store can make us hold: some 100,000 leases. */
  private static final int LARGEST_BODY = 32 * 1024 * 1024;

  private final EtcdAccess access;
  private final HttpClient client;
  private final Set<Exchange> running = ConcurrentHashMap.newKeySet();

  /** A request but for the endpoint. */
  sealed interface Request {
    /** Path and query below {@code /v2/keys}. */
    String target();

    record Get(String target) implements Request {}

    record Put(String target, String form) implements Request {}

    record Delete(String target) implements Request {}
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

  Wire(EtcdAccess access) {
    this.access = access;
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

  /** Sends; nobody waits yet. */
  Exchange begin(Endpoint endpoint, Request request) {
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
    Exchange exchange = new Exchange(endpoint, head, whole);
    running.add(exchange);
    var _ = whole.whenComplete((response, failure) -> running.remove(exchange));
    return exchange;
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

  static Answer answer(Exchange exchange, HttpResponse<byte[]> response) {
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

  /** Ends what is running at once; the client alone leaves requests on dead connections waiting. */
  @Override
  public void close() {
    IOException closed = new IOException("the connection was given up");
    running.forEach(exchange -> exchange.whole().completeExceptionally(closed));
    client.shutdownNow();
  }
}
