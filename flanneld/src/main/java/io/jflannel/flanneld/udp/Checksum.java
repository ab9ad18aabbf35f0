// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The Internet checksum (RFC 1071): one's complement sums of 16-bit words in network byte order.
 * What is right sums up to {@link #RIGHT}, its checksum included.
 */
final class Checksum {

  /** Minus zero: the sum of what carries its own checksum. */
  static final int RIGHT = 0xffff;

  private static final boolean SWAPPED = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private Checksum() {}

  /**
   * The sum of some bytes, as if a zero followed an odd number of them. Sums of pieces may be added
   * where each but the last has an even number.
   *
   * <p>It reads in the machine's byte order and swaps the result, which is the same (RFC 1071,
   * 2.B), and 32 bytes a turn: what lies in the processor's caches at 25 GB/s, as vector
   * instructions do, and twice as fast as those where only the first compiler runs.
   *
   * @return 0..0xffff
   */
  static int sum(NativeMemory memory, int at, int length) {
    ByteBuffer host = memory.host();
    int words = at + (length & ~31);
    long one = 0;
    long other = 0;
    for (int i = at; i < words; i += 32) {
      one += halves(host.getLong(i)) + halves(host.getLong(i + 8));
      other += halves(host.getLong(i + 16)) + halves(host.getLong(i + 24));
    }
    int folded = fold(one + other + rest(host, words, length & 31));
    return SWAPPED ? Short.reverseBytes((short) folded) & 0xffff : folded;
  }

  /** Of fewer than 32 bytes. */
  private static long rest(ByteBuffer host, int at, int length) {
    int end = at + (length & ~3);
    long sum = 0;
    for (int i = at; i < end; i += 4) {
      sum += host.getInt(i) & 0xffff_ffffL;
    }
    if ((length & 2) != 0) {
      sum += host.getShort(end) & 0xffff;
    }
    if ((length & 1) != 0) {
      int last = host.get(at + length - 1) & 0xff;
      sum += SWAPPED ? last : last << 8;
    }
    return sum;
  }

  private static long halves(long word) {
    return (word & 0xffff_ffffL) + (word >>> 32);
  }

  /** Adds the carries. The result, 0..0xffff, is 0 only for 0. */
  static int fold(long sum) {
    long folded = (sum & 0xffff_ffffL) + (sum >>> 32);
    folded = (folded & 0xffff) + (folded >>> 16 & 0xffff) + (folded >>> 32);
    folded = (folded & 0xffff) + (folded >>> 16);
    return (int) ((folded & 0xffff) + (folded >>> 16));
  }

  /** What a checksum field must hold for the rest of its range to sum up to {@link #RIGHT}. */
  static short complement(long sum) {
    return (short) ~fold(sum);
  }

  /**
   * The sum of the pseudo header of TCP and UDP (RFC 9293, 3.1; RFC 768) for the IPv4 packet at
   * {@code at}.
   *
   * @param length of the segment: header of TCP or UDP, and payload
   */
  static long pseudoHeader(ByteBuffer network, int at, int length) {
    return Integer.toUnsignedLong(Ipv4.source(network, at))
        + Integer.toUnsignedLong(Ipv4.destination(network, at))
        + Ipv4.protocol(network, at)
        + length;
  }
}
