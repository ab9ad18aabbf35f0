// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Named threads that do not outlive a block. The first failure ends all; interruption is the only
 * cancellation. For one thread, the one that opened it: it forks, joins and closes.
 */
public final class TaskScope implements AutoCloseable {

  /** Work that ends when interrupted. */
  @FunctionalInterface
  public interface Task {
    void run() throws InterruptedException;
  }

  private final List<Thread> threads = new ArrayList<>();
  private final LinkedBlockingQueue<Optional<Throwable>> ends = new LinkedBlockingQueue<>();

  /** Starts work on a virtual thread: for all that does not block in native code. */
  public void fork(String name, Task task) {
    start(Thread.ofVirtual().name(name), task);
  }

  /** Starts work on a platform thread: a blocking native call would hold a carrier. */
  public void forkPlatform(String name, Task task) {
    start(Thread.ofPlatform().name(name).daemon(), task);
  }

  private void start(Thread.Builder builder, Task task) {
    threads.add(builder.start(() -> ends.add(outcome(task))));
  }

  private static Optional<Throwable> outcome(Task task) {
    try {
      task.run();
      return Optional.empty();
    } catch (InterruptedException ended) {
      return Optional.empty();
    } catch (RuntimeException | Error failure) {
      return Optional.of(failure);
    }
  }

  /**
   * Waits until all tasks have ended, or until the first has failed: then the others are ended and
   * its exception is thrown, with later ones suppressed in it.
   */
  public void join() throws InterruptedException {
    for (int left = threads.size(); left > 0; left--) {
      Optional<Throwable> failure = ends.take();
      if (failure.isPresent()) {
        close();
        throw withLater(failure.get());
      }
    }
  }

  /** For an owner that is busy before it joins: throws what {@link #join} would have thrown. */
  public void check() {
    Optional<Throwable> failure = ends.stream().flatMap(Optional::stream).findFirst();
    if (failure.isPresent()) {
      close();
      throw withLater(failure.get());
    }
  }

  private RuntimeException withLater(Throwable first) {
    ends.stream()
        .flatMap(Optional::stream)
        .filter(later -> !later.equals(first))
        .forEach(first::addSuppressed);
    if (first instanceof Error error) {
      throw error;
    }
    return (RuntimeException) first;
  }

  /** Interrupts what still runs and waits for its end, even if the caller is interrupted itself. */
  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
