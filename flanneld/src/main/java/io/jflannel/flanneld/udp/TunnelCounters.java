// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a tunnel has moved since it was opened, or since the first of those that it follows.
 *
 * @param sent to peers
 * @param received from peers
 * @param drops packets by reason, of both directions; every reason but {@link Verdict#PASS} is
 *     there
 * @param unreachable ICMP answers to the own kernel
 */
public record TunnelCounters(
    Direction sent, Direction received, Map<Verdict, Long> drops, long unreachable) {

  /** Of a tunnel that has moved nothing. */
  public static final TunnelCounters ZERO =
      new TunnelCounters(Direction.ZERO, Direction.ZERO, noDrops(), 0);

  public TunnelCounters {
    EnumMap<Verdict, Long> ordered = new EnumMap<>(Verdict.class);
    ordered.putAll(drops);
    drops = Collections.unmodifiableMap(ordered);
  }

  /**
   * One direction.
   *
   * @param packets inner packets, each one datagram
   * @param bytes of them
   * @param calls system calls on the socket
   * @param batches how often a round of the thread moved 2^k to 2^(k+1)-1 packets, by k
   */
  public record Direction(long packets, long bytes, long calls, List<Long> batches) {

    static final Direction ZERO =
        new Direction(0, 0, 0, IntStream.range(0, Tally.BATCH_SIZES).mapToObj(k -> 0L).toList());

    public Direction {
      batches = List.copyOf(batches);
    }

    Direction plus(Direction other) {
      return new Direction(
          packets + other.packets,
          bytes + other.bytes,
          calls + other.calls,
          IntStream.range(0, batches.size())
              .mapToObj(k -> batches.get(k) + other.batches.get(k))
              .toList());
    }
  }

  /** Packets dropped for a reason. */
  public long dropped(Verdict reason) {
    return drops.getOrDefault(reason, 0L);
  }

  TunnelCounters plus(TunnelCounters other) {
    return new TunnelCounters(
        sent.plus(other.sent),
        received.plus(other.received),
        sum(drops, other.drops),
        unreachable + other.unreachable);
  }

  static Map<Verdict, Long> noDrops() {
    Map<Verdict, Long> none = new EnumMap<>(Verdict.class);
    for (Verdict verdict : Verdict.values()) {
      if (verdict != Verdict.PASS) {
        none.put(verdict, 0L);
      }
    }
    return none;
  }

  static Map<Verdict, Long> sum(Map<Verdict, Long> left, Map<Verdict, Long> right) {
    Map<Verdict, Long> sum = new EnumMap<>(left);
    right.forEach((verdict, count) -> sum.merge(verdict, count, Long::sum));
    return sum;
  }
}
