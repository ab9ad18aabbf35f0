// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** What one direction counts: written by one thread, read by any. */
final class Tally {

  private static final int PACKETS = 0;
  private static final int BYTES = 1;
  private static final int CALLS = 2;

  private final AtomicLongArray counts = new AtomicLongArray(3);
  private final Map<Drop, AtomicLong> dropped = new EnumMap<>(Drop.class);

  Tally() {
    for (Drop reason : Drop.values()) {
      dropped.put(reason, new AtomicLong());
    }
  }

  private void add(int index, long more) {
    counts.setOpaque(index, counts.getPlain(index) + more);
  }

  /** Packets went on. */
  void passed(int packets, long bytes) {
    add(PACKETS, packets);
    add(BYTES, bytes);
  }

  /** A system call that carries packets. */
  void called() {
    add(CALLS, 1);
  }

  void dropped(Drop reason, int packets) {
    AtomicLong count = dropped.get(reason);
    if (count != null) {
      count.addAndGet(packets);
    }
  }

  Counters.Way snapshot() {
    Map<Drop, Long> drops = new EnumMap<>(Drop.class);
    dropped.forEach((reason, count) -> {
      if (count.get() > 0) {
        drops.put(reason, count.get());
      }
    });
    return new Counters.Way(
        counts.getOpaque(PACKETS), counts.getOpaque(BYTES), counts.getOpaque(CALLS), drops);
  }
}
