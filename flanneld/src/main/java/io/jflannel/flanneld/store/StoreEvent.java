// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.store.Registry.Entry;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;

/** What the store's loop is told by the threads beside it. */
sealed interface StoreEvent {
  record Alive(long revision) implements StoreEvent {}

  record Put(Entry entry) implements StoreEvent {}

  record Deleted(String name, long revision) implements StoreEvent {}

  record ConfigText(Optional<String> text) implements StoreEvent {}

  /** The watch is over. */
  record WatchEnded(String reason) implements StoreEvent {}

  /** This node wants to publish something else, perhaps. */
  record Attributes(OwnAttributes attributes) implements StoreEvent {}

  /**
   * A sink that passes on what a watch sees. It waits while the loop is busy and the queue is full:
   * the store keeps the rest meanwhile, or ends the watch.
   */
  record Passing(BlockingQueue<StoreEvent> events) implements Registry.Sink {
    @Override
    public void alive(long revision) throws InterruptedException {
      events.put(new Alive(revision));
    }

    @Override
    public void put(Entry entry) throws InterruptedException {
      events.put(new Put(entry));
    }

    @Override
    public void deleted(String name, long revision) throws InterruptedException {
      events.put(new Deleted(name, revision));
    }

    @Override
    public void config(Optional<String> text) throws InterruptedException {
      events.put(new ConfigText(text));
    }
  }
}
