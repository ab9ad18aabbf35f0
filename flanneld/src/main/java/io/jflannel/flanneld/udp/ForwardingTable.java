// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Which peer has which part of the network; longest prefix first. Immutable, and a lookup neither
 * allocates nor takes longer than a binary search: the prefixes are flattened into ranges of
 * addresses that do not overlap.
 */
public final class ForwardingTable {

  /** No peer. */
  public static final int NONE = 0;

  /** Of nobody. */
  public static final ForwardingTable EMPTY = of(Map.of());

  /** Where each range begins, with the top bit flipped so that they ascend. */
  private final int[] starts;

  /** Of each range. */
  private final int[] hops;

  /** Each once, ascending. */
  private final int[] peers;

  private ForwardingTable(int[] starts, int[] hops, int[] peers) {
    this.starts = starts;
    this.hops = hops;
    this.peers = peers;
  }

  /**
   * A table.
   *
   * @param nextHops from a peer's subnet to its public address
   * @throws IllegalArgumentException for what is not IPv4, and for the next hop 0.0.0.0
   */
  public static ForwardingTable of(Map<Cidr, Ip> nextHops) {
    List<Range> ranges =
        nextHops.entrySet().stream()
            .map(entry -> Range.of(entry.getKey(), entry.getValue()))
            .sorted(
                Comparator.comparingLong(Range::first)
                    .thenComparing(Range::last, (a, b) -> Long.compare(b, a)))
            .toList();
    int[] peers = ranges.stream().mapToInt(Range::hop).sorted().distinct().toArray();
    Flattened flattened = new Flattened(2 * ranges.size() + 1);
    flattened.begin(0, NONE);
    ranges.forEach(flattened::add);
    flattened.closeBefore(1L << 32);
    return new ForwardingTable(flattened.starts(), flattened.hops(), peers);
  }

  /** The 32 bits of the public address of the peer that has an address, or {@link #NONE}. */
  public int nextHop(int address) {
    int found = Arrays.binarySearch(starts, address ^ Integer.MIN_VALUE);
    return hops[found >= 0 ? found : -found - 2];
  }

  /** Whether an address is the public one of some peer. */
  public boolean isPeer(int address) {
    return Arrays.binarySearch(peers, address) >= 0;
  }

  /** The addresses of a subnet, as unsigned numbers, both included. */
  private record Range(long first, long last, int hop) {

    static Range of(Cidr subnet, Ip hop) {
      if (!subnet.ip().isV4() || !hop.isV4() || hop.isUnspecified()) {
        throw new IllegalArgumentException("no route of IPv4: " + subnet + " by " + hop);
      }
      long first = Integer.toUnsignedLong(subnet.network().ip().v4Bits());
      return new Range(first, first + (1L << (32 - subnet.length())) - 1, hop.v4Bits());
    }
  }

  /** Cuts nested ranges, which come in ascending order and the outer before the inner. */
  private static final class Flattened {

    private final int[] starts;
    private final int[] hops;
    private final Deque<Range> open = new ArrayDeque<>();
    private int count;

    Flattened(int most) {
      starts = new int[most];
      hops = new int[most];
    }

    void add(Range range) {
      closeBefore(range.first());
      open.push(range);
      begin(range.first(), range.hop());
    }

    /** Ends the ranges that end before an address: behind them, the ones around them go on. */
    void closeBefore(long address) {
      while (!open.isEmpty() && open.getFirst().last() < address) {
        long next = open.pop().last() + 1;
        if (next < 1L << 32) {
          begin(next, open.isEmpty() ? NONE : open.getFirst().hop());
        }
      }
    }

    void begin(long address, int hop) {
      int start = (int) address ^ Integer.MIN_VALUE;
      if (count > 0 && starts[count - 1] == start) {
        count--;
      }
      starts[count] = start;
      hops[count++] = hop;
    }

    int[] starts() {
      return Arrays.copyOf(starts, count);
    }

    int[] hops() {
      return Arrays.copyOf(hops, count);
    }
  }
}
