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
   * 2.B), in a plain loop, which the compiler turns into vector instructions: 50 GB/s.
   *
   * @return 0..0xffff
   */
  static int sum(NativeMemory memory, int at, int length) {
    ByteBuffer host = memory.host();
    int words = at + (length & ~3);
    long sum = 0;
    for (int i = at; i < words; i += 4) {
      sum += host.getInt(i) & 0xffff_ffffL;
    }
    if ((length & 2) != 0) {
      sum += host.getShort(words) & 0xffff;
    }
    if ((length & 1) != 0) {
      int last = host.get(at + length - 1) & 0xff;
      sum += SWAPPED ? last : last << 8;
    }
    int folded = fold(sum);
    return SWAPPED ? Short.reverseBytes((short) folded) & 0xffff : folded;
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
