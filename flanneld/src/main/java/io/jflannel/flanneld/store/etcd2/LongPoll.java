// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Sink;
import io.jflannel.flanneld.store.Registry.WatchEnd;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import io.jflannel.json.Json;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A watch of the configuration and the leases by polls of the directory that holds both, one event
 * each (7.6). Keys that are neither move the cursor on (ODD-24).
 *
 * <p>etcd sends the headers as soon as it has looked through its history; their index says up to
 * where nothing was found, so a poll that ends without an event still moves the cursor, and a quiet
 * network does not fall out of etcd's memory of 1,000 events.
 */
final class LongPoll {

  private final Http http;
  private final KeyNames keys;
  private final Sink sink;
  private final Duration duration;
  private long cursor;
  private String clusterId = "";

  /**
   * A watch of what comes after {@code revision}.
   *
   * @param duration after this a poll is begun anew, which notices a half-open connection
   */
  LongPoll(Http http, KeyNames keys, long revision, Sink sink, Duration duration) {
    this.http = http;
    this.keys = keys;
    this.cursor = revision;
    this.sink = sink;
    this.duration = duration;
  }

  WatchEnd run() throws InterruptedException {
    while (true) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Optional<WatchEnd> end = once();
      if (end.isPresent()) {
        return end.get();
      }
    }
  }

  private Optional<WatchEnd> once() throws InterruptedException {
    String directory = keys.directory().isEmpty() ? "/" : keys.directory();
    Wire.Exchange exchange =
        http.poll(
            new Wire.Request.Get(
                Etcd2Registry.target(directory)
                    + "?recursive=true&wait=true&waitIndex="
                    + (cursor + 1)));
    boolean begun = false;
    try {
      HttpResponse.ResponseInfo head = head(exchange);
      begun = true;
      long index = Wire.index(head.headers().firstValue("X-Etcd-Index"));
      String from = head.headers().firstValue("X-Etcd-Cluster-Id").orElse("");
      Optional<WatchEnd> replaced = replaced(index, from);
      if (replaced.isPresent() || head.statusCode() >= 400) {
        return replaced.isPresent() ? replaced : refused(exchange);
      }
      sink.alive(cursor);
      Optional<Answer> answer = event(exchange);
      if (answer.isPresent() && answer.get().body().isPresent()) {
        return take(answer.get().body().get());
      }
      cursor = Math.max(cursor, index);
      return Optional.empty();
    } catch (TimeoutException e) {
      http.failed(exchange);
      return end(exchange, "no answer to a watch within " + Http.LIMIT.toSeconds() + " s");
    } catch (ExecutionException e) {
      if (!begun) {
        http.failed(exchange);
      }
      return end(exchange, http.explain(e));
    } finally {
      exchange.cancel();
    }
  }

  private static HttpResponse.ResponseInfo head(Wire.Exchange exchange)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture.anyOf(exchange.head(), exchange.whole())
        .get(Http.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    return exchange.head().get(Http.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Empty when the poll has lasted long enough. */
  private Optional<Answer> event(Wire.Exchange exchange)
      throws InterruptedException, ExecutionException {
    try {
      return Optional.of(http.receive(exchange, duration));
    } catch (TimeoutException e) {
      return Optional.empty();
    }
  }

  private Optional<WatchEnd> replaced(long index, String from) {
    if (!clusterId.isEmpty() && !from.isEmpty() && !clusterId.equals(from)) {
      return Optional.of(new WatchEnd("etcd was replaced: its cluster is another one"));
    }
    if (index != 0 && index < cursor) {
      return Optional.of(
          new WatchEnd(
              "etcd was replaced or is behind: its index is %d, %d was seen before"
                  .formatted(index, cursor)));
    }
    clusterId = from;
    return Optional.empty();
  }

  private Optional<WatchEnd> refused(Wire.Exchange exchange)
      throws InterruptedException, ExecutionException, TimeoutException {
    Answer answer = http.receive(exchange, Http.LIMIT);
    if (answer.errorCode() == Answer.CLEARED) { // ET2-3
      return Optional.of(
          new WatchEnd("etcd remembers 1,000 events, index %d is older".formatted(cursor)));
    }
    return end(exchange, answer.errorText());
  }

  private static Optional<WatchEnd> end(Wire.Exchange exchange, String reason) {
    return Optional.of(
        new WatchEnd(
            "etcd (v2 API) at %s ended the watch: %s".formatted(exchange.endpoint(), reason)));
  }

  private Optional<WatchEnd> take(Json.Obj event) throws InterruptedException {
    Optional<Json.Obj> node = Nodes.object(event, "node");
    if (node.isEmpty()) {
      return Optional.of(new WatchEnd("etcd sent an event without a node"));
    }
    String key = Nodes.text(node.get(), "key");
    long index = Nodes.number(node.get(), "modifiedIndex");
    boolean gone =
        switch (Nodes.text(event, "action")) {
          case "delete", "expire", "compareAndDelete" -> true; // ET2-2
          default -> false;
        };
    cursor = Math.max(cursor + 1, index);
    if (gone && (keys.subnets().startsWith(key + "/") || key.equals("/"))) {
      return Optional.of(new WatchEnd("directory %s was deleted".formatted(key)));
    }
    Entry entry = Nodes.entry(keys.leaseName(key).orElse(key), node.get());
    if (key.equals(keys.config())) {
      sink.config(gone ? Optional.empty() : Optional.of(entry.value()));
    } else if (keys.leaseName(key).isPresent() && !Nodes.directory(node.get())) {
      if (gone) {
        sink.deleted(entry.name(), index);
      } else {
        sink.put(entry.bounded());
      }
    }
    return Optional.empty();
  }
}
