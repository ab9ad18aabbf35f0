// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.Memory;

/**
 * The Internet checksum (RFC 1071). Sums are taken over native numbers: a one's complement sum is
 * the same in either byte order, as long as its result is stored in that order too.
 */
final class Checksum {

  private Checksum() {}

  /** The sum of bytes that begin at an even place of what is summed. */
  static long sum(Memory memory, int at, int length) {
    int words = length >> 2;
    long sum = memory.sumOfWords(at, words);
    int rest = at + (words << 2);
    if ((length & 2) != 0) {
      sum += memory.native16(rest);
      rest += 2;
    }
    return (length & 1) != 0 ? sum + nativeOf(memory.u8(rest) << 8) : sum;
  }

  /** A number of the header as the sum wants it. */
  static int nativeOf(int number) {
    return Short.reverseBytes((short) number) & 0xffff;
  }

  /** 16 bits, not complemented. */
  static int fold(long sum) {
    long folded = (sum & 0xffff_ffffL) + (sum >>> 32);
    folded = (folded & 0xffff_ffffL) + (folded >>> 32);
    int half = (int) (folded & 0xffff) + (int) (folded >>> 16);
    half = (half & 0xffff) + (half >>> 16);
    return (half & 0xffff) + (half >>> 16);
  }

  /** The pseudo header of what an IPv4 packet carries. */
  static long pseudo(Memory memory, int packet, int length) {
    return (memory.native32(packet + Ipv4.SOURCE) & 0xffff_ffffL)
        + (memory.native32(packet + Ipv4.DESTINATION) & 0xffff_ffffL)
        + nativeOf(memory.u8(packet + Ipv4.PROTOCOL))
        + nativeOf(length);
  }
}
