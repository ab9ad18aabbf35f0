// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the programs have counted since they were attached; nearly of one moment.
 *
 * @param sent inner packets that went to peers
 * @param received inner packets that came from peers
 * @param others packets that did not take the fast path: all reasons in their order, also with
 *     zeros
 */
public record FastPathCounters(Traffic sent, Traffic received, Map<Reason, Long> others) {

  /**
   * Packets of one direction.
   *
   * @param packets as the kernel hands them over, as its own tunnels count: a super-packet (GSO,
   *     GRO) is one
   * @param bytes of the inner packets; the headers of a super-packet are in it once
   */
  public record Traffic(long packets, long bytes) {}

  static final int SENT = 0;
  static final int RECEIVED = 2;
  private static final int FIRST_REASON = 4;

  /** Numbers of 64 bits that the programs keep for each CPU. */
  static final int SLOTS = FIRST_REASON + Reason.values().length;

  private static final List<Reason> REASONS = List.of(Reason.values());

  public FastPathCounters {
    Map<Reason, Long> inOrder = new EnumMap<>(Reason.class);
    inOrder.putAll(others);
    others = Collections.unmodifiableMap(inOrder);
  }

  /** Packets that ended for this reason. */
  public long count(Reason reason) {
    return others.getOrDefault(reason, 0L);
  }

  static int slot(Reason reason) {
    return FIRST_REASON + REASONS.indexOf(reason);
  }

  static FastPathCounters of(List<List<Long>> cpus) {
    long[] sums = new long[SLOTS];
    for (List<Long> cpu : cpus) {
      for (int i = 0; i < SLOTS; i++) {
        sums[i] += cpu.get(i);
      }
    }
    Map<Reason, Long> others = new EnumMap<>(Reason.class);
    for (Reason reason : REASONS) {
      others.put(reason, sums[slot(reason)]);
    }
    return new FastPathCounters(traffic(sums, SENT), traffic(sums, RECEIVED), others);
  }

  private static Traffic traffic(long[] sums, int slot) {
    return new Traffic(sums[slot], sums[slot + 1]);
  }
}
