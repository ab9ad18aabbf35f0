// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A watch on a thread of its own; what it sees can be waited for. */
final class Watching implements AutoCloseable {

  /** What a sink was told. */
  sealed interface Seen {
    record Alive(long revision) implements Seen {}

    record Put(Registry.Entry entry) implements Seen {}

    record Deleted(String name, long revision) implements Seen {}

    record Config(Optional<String> text) implements Seen {}

    /** The watch returned, or threw a {@link StoreException}. */
    record Ended(String reason) implements Seen {}

    record Interrupted() implements Seen {}
  }

  static final Duration LIMIT = Duration.ofSeconds(20);

  private final LinkedBlockingQueue<Seen> queue = new LinkedBlockingQueue<>();
  private final Thread thread;

  Watching(Registry registry, long revision) {
    thread = Thread.ofVirtual().name("watching").start(() -> watch(registry, revision));
  }

  private void watch(Registry registry, long revision) {
    try {
      queue.add(new Seen.Ended(registry.watch(revision, new Queueing(queue)).reason()));
    } catch (StoreException e) {
      queue.add(new Seen.Ended(String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      queue.add(new Seen.Interrupted());
    }
  }

  /** Passes on, and refuses a sign of life that is older than what was seen. */
  private static final class Queueing implements Registry.Sink {
    private final LinkedBlockingQueue<Seen> queue;
    private long highest;

    Queueing(LinkedBlockingQueue<Seen> queue) {
      this.queue = queue;
    }

    @Override
    public void alive(long revision) {
      assertThat(revision).as("signs of life do not go back").isGreaterThanOrEqualTo(highest);
      highest = revision;
      queue.add(new Seen.Alive(revision));
    }

    @Override
    public void put(Registry.Entry entry) {
      highest = Math.max(highest, entry.modRevision());
      queue.add(new Seen.Put(entry));
    }

    @Override
    public void deleted(String name, long revision) {
      highest = Math.max(highest, revision);
      queue.add(new Seen.Deleted(name, revision));
    }

    @Override
    public void config(Optional<String> text) {
      queue.add(new Seen.Config(text));
    }
  }

  /** The next sight of a kind; sights of other kinds before it are passed over. */
  <S extends Seen> S await(Class<S> kind) throws InterruptedException {
    return kind.cast(await(kind.getSimpleName(), kind::isInstance));
  }

  /** The next sight that is no sign of life. */
  Seen awaitChange() throws InterruptedException {
    return await("a change", seen -> !(seen instanceof Seen.Alive));
  }

  private Seen await(String what, Predicate<Seen> wanted) throws InterruptedException {
    List<Seen> passed = new ArrayList<>();
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      Seen seen = queue.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      assertThat(seen).as("waiting for %s after %s", what, passed).isNotNull();
      if (wanted.test(seen)) {
        return seen;
      }
      passed.add(seen);
    }
  }

  void interrupt() {
    thread.interrupt();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      assertThat(thread.join(LIMIT)).as("the watch ends when interrupted").isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
