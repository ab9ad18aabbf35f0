// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** The counters of one thread, which it alone writes and any thread reads. */
final class Tally {

  /** Rounds of 2^0 to 2^12 packets and more. */
  static final int BATCH_SIZES = 13;

  private static final int PACKETS = 0;
  private static final int BYTES = 1;
  private static final int CALLS = 2;
  private static final int UNREACHABLE = 3;
  private static final int BATCHES = 4;

  private final AtomicLongArray counts = new AtomicLongArray(BATCHES + BATCH_SIZES);
  private final Map<Verdict, AtomicLong> drops = new EnumMap<>(Verdict.class);

  /** Of the writing thread. */
  private long packetsBefore;

  Tally() {
    for (Verdict verdict : Verdict.values()) {
      drops.put(verdict, new AtomicLong());
    }
  }

  void packet(int bytes) {
    packets(1, bytes);
  }

  void packets(int packets, int bytes) {
    add(PACKETS, packets);
    add(BYTES, bytes);
  }

  void call() {
    add(CALLS, 1);
  }

  void unreachable() {
    add(UNREACHABLE, 1);
  }

  /** A round of the thread is over: it has moved what was counted since the round before. */
  void round() {
    long packets = counts.getPlain(PACKETS) - packetsBefore;
    packetsBefore += packets;
    if (packets > 0) {
      int size = 63 - Long.numberOfLeadingZeros(packets);
      add(BATCHES + Math.min(size, BATCH_SIZES - 1), 1);
    }
  }

  void drop(Verdict reason) {
    drops(reason, 1);
  }

  void drops(Verdict reason, int packets) {
    AtomicLong count = dropped(reason);
    count.setOpaque(count.getPlain() + packets);
  }

  private AtomicLong dropped(Verdict reason) {
    return Objects.requireNonNull(drops.get(reason));
  }

  /** Without a lock, as there is one writer; a reader may see the counts of a moment ago. */
  private void add(int counter, long more) {
    counts.setOpaque(counter, counts.getPlain(counter) + more);
  }

  TunnelCounters.Direction direction() {
    List<Long> batches =
        IntStream.range(BATCHES, BATCHES + BATCH_SIZES).mapToObj(counts::getOpaque).toList();
    return new TunnelCounters.Direction(
        counts.getOpaque(PACKETS), counts.getOpaque(BYTES), counts.getOpaque(CALLS), batches);
  }

  long answers() {
    return counts.getOpaque(UNREACHABLE);
  }

  Map<Verdict, Long> drops() {
    Map<Verdict, Long> counted = TunnelCounters.noDrops();
    counted.replaceAll((verdict, none) -> dropped(verdict).getOpaque());
    return counted;
  }
}
