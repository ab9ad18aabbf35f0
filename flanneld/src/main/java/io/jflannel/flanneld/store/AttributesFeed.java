// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
import java.util.Optional;

/** What this node wants to publish, on its way to a store's loop. */
public final class AttributesFeed {

  private AttributesFeed() {}

  /** The loop's queue, which may be full. */
  @FunctionalInterface
  public interface Sink {
    void put(OwnAttributes attributes) throws InterruptedException;
  }

  /**
   * Passes on what is newest, until interrupted.
   *
   * @param reconnect called first if the public address is another one: the connections from the
   *     old one are dead, also the one that the loop may be waiting on right now (P20)
   */
  public static void run(Latest<OwnAttributes> attributes, Runnable reconnect, Sink sink)
      throws InterruptedException {
    long seen = 0;
    Optional<LeaseAttributes> last = Optional.empty();
    while (true) {
      Latest.Versioned<OwnAttributes> newer = attributes.awaitNewer(seen);
      seen = newer.version();
      LeaseAttributes now = newer.value().given(Optional.empty());
      if (last.filter(before -> LeaseAttributes.hasMoved(before, now)).isPresent()) {
        reconnect.run();
      }
      last = Optional.of(now);
      sink.put(newer.value());
    }
  }
}
