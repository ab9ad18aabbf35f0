// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;

/** A watch on a thread of its own that writes down what it sees. */
public final class Recorder implements AutoCloseable, Registry.Sink {

  /** For watches that see nothing. */
  public static final Registry.Sink IGNORING =
      new Registry.Sink() {
        @Override
        public void alive(long revision) {}

        @Override
        public void put(Registry.Entry entry) {}

        @Override
        public void deleted(String name, long revision) {}

        @Override
        public void config(Optional<String> text) {}
      };

  private static final Duration LIMIT = Duration.ofSeconds(40);

  private final List<String> texts = new CopyOnWriteArrayList<>();
  private final List<Long> revisions = new CopyOnWriteArrayList<>();
  private final Thread thread;

  private Recorder(Registry registry, long revision) {
    thread = Thread.ofPlatform().name("recorder").unstarted(() -> run(registry, revision));
  }

  public static Recorder watch(Registry registry, long revision) {
    Recorder recorder = new Recorder(registry, revision);
    recorder.thread.start();
    return recorder;
  }

  private void run(Registry registry, long revision) {
    try {
      texts.add("ended: " + registry.watch(revision, this).reason());
    } catch (StoreException e) {
      texts.add("ended: " + e.getMessage());
    } catch (InterruptedException e) {
      texts.add("interrupted");
    }
  }

  @Override
  public void alive(long revision) {
    texts.add("alive");
  }

  @Override
  public void put(Registry.Entry entry) {
    revisions.add(entry.modRevision());
    texts.add("put " + entry.name() + "=" + entry.value());
  }

  @Override
  public void deleted(String name, long revision) {
    revisions.add(revision);
    texts.add("deleted " + name);
  }

  @Override
  public void config(Optional<String> text) {
    texts.add("config " + text.orElse("absent"));
  }

  public List<String> texts() {
    return List.copyOf(texts);
  }

  /** Of all changes, in the order of arrival. */
  public List<Long> revisions() {
    return List.copyOf(revisions);
  }

  public void awaitAlive() {
    awaitText("alive");
  }

  /** Waits for a sight that starts so, and returns it. */
  public String awaitText(String start) {
    return Awaitility.await()
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .conditionEvaluationListener(condition -> {
          if (condition.getRemainingTimeInMS() == 0) {
            System.out.println("seen instead of " + start + ": " + texts);
          }
        })
        .until(
            () -> texts.stream().filter(text -> text.startsWith(start)).findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  @Override
  public void close() {
    thread.interrupt();
    Awaitility.await("the watch to end when interrupted")
        .atMost(Duration.ofSeconds(5))
        .pollDelay(Duration.ZERO)
        .until(() -> !thread.isAlive());
  }
}
