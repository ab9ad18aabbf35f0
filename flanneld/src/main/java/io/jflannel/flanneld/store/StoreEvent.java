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

  /** A sink that passes on what a watch sees. */
  record Passing(BlockingQueue<StoreEvent> events) implements Registry.Sink {
    @Override
    public void alive(long revision) {
      events.add(new Alive(revision));
    }

    @Override
    public void put(Entry entry) {
      events.add(new Put(entry));
    }

    @Override
    public void deleted(String name, long revision) {
      events.add(new Deleted(name, revision));
    }

    @Override
    public void config(Optional<String> text) {
      events.add(new ConfigText(text));
    }
  }
}
