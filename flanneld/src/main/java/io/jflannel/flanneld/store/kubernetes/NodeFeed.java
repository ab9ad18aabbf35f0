// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.flow.Backoff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.random.RandomGenerator;

/**
 * Lists the nodes once and watches them from there (KUB-4). A broken watch is resumed where it was;
 * a list follows if that is refused, or if the server fell silent: one that was restored from a
 * backup would wait for its own future (ODD-62). A list costs the server dear: of one that is
 * overloaded none is asked, and lists never follow each other without growing pauses. One thread's.
 */
final class NodeFeed {

  /** For the daemon. */
  static final Backoff PAUSES = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30));

  private static final Duration SHORT = Duration.ofSeconds(1);

  /** A version that is too old so soon after its list will be so again. */
  private static final Duration FRESH = Duration.ofSeconds(10);

  private static final String ANY = "0";
  private static final String NEWEST = "";

  private final Api api;
  private final BlockingQueue<FeedEvent> events;
  private final Duration silence;
  private final Backoff pauses;
  private final RandomGenerator random = RandomGenerator.getDefault();

  /** Where the next list is to be at least. */
  private String listFrom = ANY;

  /** Where the next watch begins; empty if a list is needed. */
  private String watchFrom = "";

  /** Where the last watch began that told something unreadable. */
  private String unreadableFrom = "";

  private Backoff pause;
  private long listedAt;

  /**
   * A feed.
   *
   * @param silence how long a watch may be silent; the API server sends a bookmark each minute
   * @param pauses between attempts that bring nothing new
   */
  NodeFeed(Api api, BlockingQueue<FeedEvent> events, Duration silence, Backoff pauses) {
    this.api = api;
    this.events = events;
    this.silence = silence;
    this.pauses = pauses;
    this.pause = pauses;
  }

  /** Until interrupted. */
  void run() throws InterruptedException {
    while (true) {
      try {
        if (watchFrom.isEmpty()) {
          list();
        }
        watch();
      } catch (ApiException e) {
        failed(e);
      }
    }
  }

  private void list() throws InterruptedException {
    List<NodeFacts> nodes = new ArrayList<>();
    String version = api.list(listFrom, nodes::add);
    listedAt = System.nanoTime();
    events.put(new FeedEvent.Listed(NodeFacts.version(version), nodes));
    listFrom = version;
    watchFrom = version;
  }

  private void watch() throws InterruptedException {
    long start = System.nanoTime();
    Duration limit = Duration.ofSeconds(random.nextInt(300, 600));
    api.watch(watchFrom, limit, silence, new Passing());
    if (System.nanoTime() - start < SHORT.toNanos()) {
      Thread.sleep(SHORT); // something between us and the server ends it
    }
  }

  /** Passes events on, and remembers where to resume. */
  private final class Passing implements Api.Watcher {
    @Override
    public void begins() throws InterruptedException {
      events.put(new FeedEvent.Connected());
    }

    @Override
    public void event(WatchEvent event) throws InterruptedException {
      switch (event) {
        case WatchEvent.Seen(NodeFacts node) -> {
          events.put(new FeedEvent.Seen(node));
          seen(node.version());
        }
        case WatchEvent.Gone(NodeFacts node) -> {
          events.put(new FeedEvent.Gone(node));
          seen(node.version());
        }
        case WatchEvent.Bookmark(long version) -> seen(version);
        case WatchEvent.Other _ -> {}
        case WatchEvent.Failed(int code, String message) -> throw new ApiException(code, message);
      }
    }

    private void seen(long version) {
      pause = pauses;
      if (version > 0) {
        watchFrom = Long.toString(version);
        listFrom = watchFrom;
      }
    }
  }

  /** What to do next depends on what failed: a watch may be resumed, if the server knows how. */
  private void failed(ApiException e) throws InterruptedException {
    boolean wasWatch = !watchFrom.isEmpty();
    if (!wasWatch) {
      // the newest, for the version asked for may be too old, or in the server's future
      listFrom = e.status() <= ApiException.NO_ANSWER ? listFrom : anyOrNewest();
    }
    watchFrom = wasWatch && canResume(e) ? watchFrom : "";
    if (e.status() == ApiException.UNREADABLE) {
      unreadableFrom = watchFrom;
    }
    if (!(wasWatch && e.status() == ApiException.GONE && isOldList())) {
      events.put(new FeedEvent.Lost(e.getMessage()));
      Thread.sleep(atLeast(e.retryAfter(), pause.jittered(random.nextDouble())));
      pause = pause.next();
    }
  }

  private static Duration atLeast(Duration least, Duration pause) {
    return pause.compareTo(least) < 0 ? least : pause;
  }

  private String anyOrNewest() {
    return listFrom.equals(ANY) ? ANY : NEWEST;
  }

  private boolean isOldList() {
    return System.nanoTime() - listedAt >= FRESH.toNanos();
  }

  /** A server that fails for long might fail because of this version. */
  private boolean canResume(ApiException e) {
    return switch (e.status()) {
      case ApiException.NO_ANSWER, ApiException.TOO_MANY, ApiException.UNAVAILABLE -> true;
      case ApiException.UNREADABLE -> !watchFrom.equals(unreadableFrom);
      case ApiException.INTERNAL, ApiException.TIMEOUT -> !pause.equals(pause.next());
      default -> false;
    };
  }
}
