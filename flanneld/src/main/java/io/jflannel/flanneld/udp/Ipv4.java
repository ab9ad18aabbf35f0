// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.Memory;

/** The header of an IPv4 packet in memory (RFC 791). */
final class Ipv4 {

  static final int LEAST_HEADER = 20;
  static final int LARGEST = 65_535;

  static final int LENGTH = 2;
  static final int ID = 4;
  static final int FRAGMENT = 6;
  static final int TTL = 8;
  static final int PROTOCOL = 9;
  static final int CHECKSUM = 10;
  static final int SOURCE = 12;
  static final int DESTINATION = 16;

  static final int ICMP = 1;
  static final int TCP = 6;
  static final int UDP = 17;

  private static final int DONT_FRAGMENT = 0x4000;
  private static final int OFFSET = 0x1fff;
  private static final int MORE_OR_OFFSET = 0x3fff;

  private Ipv4() {}

  /** Whether so many bytes are one packet: version, header length and total length fit. */
  static boolean isWhole(Memory memory, int at, int length) {
    return length >= LEAST_HEADER
        && memory.u8(at) >> 4 == 4
        && header(memory, at) >= LEAST_HEADER
        && header(memory, at) <= length
        && memory.u16(at + LENGTH) == length;
  }

  /** The length of the header, in bytes. */
  static int header(Memory memory, int at) {
    return (memory.u8(at) & 15) * 4;
  }

  static boolean isFragment(Memory memory, int at) {
    return (memory.u16(at + FRAGMENT) & MORE_OR_OFFSET) != 0;
  }

  static boolean isLaterFragment(Memory memory, int at) {
    return (memory.u16(at + FRAGMENT) & OFFSET) != 0;
  }

  static boolean mustNotBeFragmented(Memory memory, int at) {
    return (memory.u16(at + FRAGMENT) & DONT_FRAGMENT) != 0;
  }

  /**
   * Takes one off the time to live and patches the checksum (RFC 1624).
   *
   * @return false if none is left; then nothing is changed (B28: upstream lets 0 wrap to 255)
   */
  static boolean decrementTtl(Memory memory, int at) {
    int ttl = memory.u8(at + TTL);
    if (ttl <= 1) {
      return false;
    }
    memory.put8(at + TTL, ttl - 1);
    int checksum = memory.u16(at + CHECKSUM) + 0x100;
    memory.put16(at + CHECKSUM, (checksum & 0xffff) + (checksum >>> 16));
    return true;
  }

  /** Sets the length and a right checksum. */
  static void setLength(Memory memory, int at, int length) {
    memory.put16(at + LENGTH, length);
    memory.putNative16(at + CHECKSUM, 0);
    memory.putNative16(at + CHECKSUM, ~Checksum.fold(Checksum.sum(memory, at, header(memory, at))));
  }
}
