// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.flow;

import java.time.Duration;
import java.util.Optional;

/**
 * One slot that holds the newest value of something. Writers overwrite, so a burst coalesces by
 * itself; a reader waits for a value newer than the one it saw. The only class with a monitor.
 */
public final class Latest<T> {

  private Optional<T> value = Optional.empty();
  private long version;

  /** A value and its place in the order of values; versions start at 1. */
  public record Versioned<T>(long version, T value) {}

  public synchronized void put(T newest) {
    value = Optional.of(newest);
    version++;
    notifyAll();
  }

  /** The newest value, if there is any yet. */
  public synchronized Optional<Versioned<T>> peek() {
    return value.map(newest -> new Versioned<>(version, newest));
  }

  /** Waits for a value newer than {@code seen} (0 for any). */
  public synchronized Versioned<T> awaitNewer(long seen) throws InterruptedException {
    while (version <= seen) {
      wait();
    }
    return new Versioned<>(version, value.orElseThrow());
  }

  /** As {@link #awaitNewer(long)}, but gives up after {@code limit}. */
  public synchronized Optional<Versioned<T>> awaitNewer(long seen, Duration limit)
      throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (version <= seen) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return Optional.empty();
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    return Optional.of(new Versioned<>(version, value.orElseThrow()));
  }
}
