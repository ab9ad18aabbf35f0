// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.jflannel.etcd.Event;
import io.jflannel.etcd.WatchCreateRequest;
import io.jflannel.etcd.WatchGrpc;
import io.jflannel.etcd.WatchProgressRequest;
import io.jflannel.etcd.WatchRequest;
import io.jflannel.etcd.WatchResponse;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Sink;
import io.jflannel.flanneld.store.Registry.WatchEnd;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One gRPC stream with two watches, of the configuration and of {@code subnets/}. It ends at the
 * first sign that it cannot be relied on; starting over is the caller's.
 */
final class WatchStream {

  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  /**
   * A progress request is sent after this, as a sign of life (etcd 3.4 and later answer it). It
   * finds a proxy that lives while the etcd behind it is gone; a dead connection is found sooner,
   * by HTTP/2's pings.
   */
  static final Duration PROGRESS = Duration.ofSeconds(30);

  /** No answer at all for so long, where answers came before, is the end. */
  static final Duration SILENCE = Duration.ofSeconds(75);

  /** Messages under way before the consumer has taken the first. */
  private static final int WINDOW = 4;

  private static final int WATCHES = 2;

  private final Calls calls;
  private final KeyNames keys;
  private final Sink sink;
  private final long start;
  private final LinkedBlockingQueue<Signal> signals = new LinkedBlockingQueue<>();

  private OptionalLong cluster;
  private int created;
  private long seen;
  private boolean progressAnswered;

  private sealed interface Signal {
    record Message(WatchResponse response) implements Signal {}

    record Closed(Status status) implements Signal {}
  }

  /**
   * A watch of what comes after {@code revision}.
   *
   * @param cluster whose answers count; if empty, that of the first answer
   */
  WatchStream(Calls calls, KeyNames keys, OptionalLong cluster, long revision, Sink sink) {
    this.calls = calls;
    this.keys = keys;
    this.cluster = cluster;
    this.sink = sink;
    this.start = revision;
    this.seen = revision;
  }

  WatchEnd run() throws InterruptedException {
    Connection connection = calls.connection();
    Metadata headers = calls.headers(connection);
    headers.put(HAS_LEADER, "true");
    ClientCall<WatchRequest, WatchResponse> call =
        connection.channel().newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
    call.start(new Listener(), headers);
    try {
      call.request(WINDOW);
      ByteString config = ByteString.copyFromUtf8(keys.config());
      call.sendMessage(watch(config, ByteString.EMPTY));
      call.sendMessage(watch(ByteString.copyFromUtf8(keys.subnets()), Pages.rangeEnd(keys)));
      return follow(connection, call);
    } finally {
      call.cancel("the watch has ended", null);
    }
  }

  /**
   * Begins at the revision that is known already: a compaction exactly at the next one drops its
   * deletions, and only a watch from before it is told so (ODD-61).
   */
  private WatchRequest watch(ByteString key, ByteString end) {
    return WatchRequest.newBuilder()
        .setCreateRequest(
            WatchCreateRequest.newBuilder()
                .setKey(key)
                .setRangeEnd(end)
                .setStartRevision(Math.max(1, start)))
        .build();
  }

  private WatchEnd follow(Connection connection, ClientCall<WatchRequest, WatchResponse> call)
      throws InterruptedException {
    long heard = System.nanoTime();
    Duration pause = Calls.LIMIT;
    while (true) {
      Signal signal = signals.poll(pause.toNanos(), TimeUnit.NANOSECONDS);
      switch (signal) {
        case null -> {
          Optional<WatchEnd> end = silence(connection, Duration.ofNanos(System.nanoTime() - heard));
          if (end.isPresent()) {
            return end.get();
          }
          call.sendMessage(
              WatchRequest.newBuilder()
                  .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                  .build());
        }
        case Signal.Closed(Status status) -> {
          return closed(connection, status);
        }
        case Signal.Message(WatchResponse response) -> {
          call.request(1);
          Optional<WatchEnd> end = take(connection, response);
          heard = System.nanoTime(); // after taking it, which may wait for the consumer
          if (end.isPresent()) {
            return end.get();
          }
          pause = created < WATCHES ? pause : PROGRESS;
        }
      }
    }
  }

  private Optional<WatchEnd> silence(Connection connection, Duration quiet) {
    String said = "etcd at " + connection.endpoint();
    if (created < WATCHES) {
      calls.failed(connection);
      return end(said + " did not begin the watch within " + quiet.toSeconds() + " s");
    }
    if (progressAnswered && quiet.compareTo(SILENCE) > 0) {
      calls.failed(connection);
      return end(said + ": no sign of life for " + quiet.toSeconds() + " s");
    }
    return Optional.empty();
  }

  private WatchEnd closed(Connection connection, Status status) {
    switch (status.getCode()) {
      case UNAUTHENTICATED -> calls.forgetToken();
      case UNAVAILABLE -> calls.failed(connection); // also: this member has no leader
      default -> {}
    }
    return new WatchEnd(
        "etcd at %s ended the watch: %s"
            .formatted(connection.endpoint(), calls.explain(status, status.asException())));
  }

  private Optional<WatchEnd> take(Connection connection, WatchResponse response)
      throws InterruptedException {
    long revision = response.getHeader().getRevision();
    long from = response.getHeader().getClusterId();
    if (response.getCompactRevision() != 0) {
      return end(
          "etcd has compacted its history up to revision %d, the watch was at %d"
              .formatted(response.getCompactRevision(), seen)); // ETC-16
    }
    if (response.getCanceled()) {
      return end(cancelled(connection, response.getCancelReason()));
    }
    if (cluster.isPresent() && cluster.getAsLong() != from) {
      return end("etcd was replaced: its cluster is another one");
    }
    // not below what this stream has told: etcd does not keep its answers in that order
    if (revision != 0 && revision < start) {
      return end(
          "etcd was replaced or is behind: its revision is %d, %d was seen before"
              .formatted(revision, start));
    }
    cluster = OptionalLong.of(from);
    for (Event event : response.getEventsList()) {
      deliver(event);
    }
    if (response.getCreated()) {
      created++;
    }
    if (created == WATCHES && response.getEventsCount() == 0) {
      progressAnswered |= !response.getCreated();
      // not the header's revision: before 3.4.25 it runs ahead of events still under way (ODD-18)
      sink.alive(seen);
    }
    return Optional.empty();
  }

  private String cancelled(Connection connection, String reason) {
    if (reason.contains("permission denied") || reason.contains("auth token")) {
      calls.forgetToken();
    }
    return "etcd at %s cancelled the watch: %s".formatted(connection.endpoint(), reason);
  }

  private void deliver(Event event) throws InterruptedException {
    ByteString key = event.getKv().getKey();
    long revision = event.getKv().getModRevision();
    if (revision <= start) {
      return;
    }
    boolean gone = event.getType() == Event.EventType.DELETE;
    seen = Math.max(seen, revision);
    if (key.equals(ByteString.copyFromUtf8(keys.config()))) {
      Entry entry = Entries.entry(keys.config(), event.getKv());
      // an unreadable configuration is shown as one that cannot be parsed
      sink.config(gone ? Optional.empty() : Optional.of(entry.value()));
      return;
    }
    Optional<String> name = Entries.name(keys, key);
    if (name.isEmpty()) {
      return;
    }
    if (gone) {
      sink.deleted(name.get(), revision);
    } else {
      sink.put(Entries.entry(name.get(), event.getKv()).bounded());
    }
  }

  private static Optional<WatchEnd> end(String reason) {
    return Optional.of(new WatchEnd(reason));
  }

  private final class Listener extends ClientCall.Listener<WatchResponse> {
    @Override
    public void onMessage(WatchResponse response) {
      signals.add(new Signal.Message(response));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      signals.add(new Signal.Closed(status));
    }
  }
}
