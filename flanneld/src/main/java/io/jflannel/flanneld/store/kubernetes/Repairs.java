// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.flow.Backoff;
import java.time.Duration;

/**
 * When what somebody else alters may be repaired: repairs that follow each other get rarer, for
 * somebody wants something else; after two minutes of peace they are quick again.
 *
 * @param first the pauses from the shortest on
 * @param current the pause after the last repair
 * @param due when the next repair may be, on the monotonic clock
 */
record Repairs(Backoff first, Backoff current, long due) {

  private static final Duration PEACE = Duration.ofMinutes(2);

  /** None yet; the first may be {@code now}. */
  static Repairs from(Backoff first, long now) {
    return new Repairs(first, first, now - PEACE.toNanos());
  }

  /** One more, made {@code now}. */
  Repairs made(long now) {
    Backoff pause = now - due < PEACE.toNanos() ? current.next() : first;
    return new Repairs(first, pause, now + pause.pause().toNanos());
  }
}
