// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.Memory;

/** ICMP "net unreachable" (RFC 792), with the fields that upstream gives it (backends.md 6.6). */
final class Unreachable {

  /** The longest: header, ICMP header, the offender's header and eight bytes. */
  static final int LARGEST = 20 + 8 + 60 + 8;

  private static final int TTL = 8;
  private static final int EXCERPT = 8;
  private static final int DESTINATION_UNREACHABLE = 3;

  private Unreachable() {}

  /**
   * Whether a packet may be answered with it: none about ICMP, about the later fragments of one
   * that was answered, or with a full header.
   */
  static boolean answers(Memory memory, int packet) {
    return memory.u8(packet + Ipv4.PROTOCOL) != Ipv4.ICMP
        && !Ipv4.isLaterFragment(memory, packet)
        && Ipv4.header(memory, packet) < 60;
  }

  /**
   * Writes it.
   *
   * @param length of the offending packet; what it lacks of the excerpt is zero
   * @param source the TUN device's address
   * @return how long it is
   */
  static int write(Memory memory, int packet, int length, int source, int to) {
    int excerpt = Ipv4.header(memory, packet) + EXCERPT;
    int total = 20 + 8 + excerpt;
    memory.clear(to, total);
    memory.put8(to, 0x45);
    memory.put8(to + Ipv4.TTL, TTL);
    memory.put8(to + Ipv4.PROTOCOL, Ipv4.ICMP);
    memory.put32(to + Ipv4.SOURCE, source);
    memory.put32(to + Ipv4.DESTINATION, memory.i32(packet + Ipv4.SOURCE));
    Ipv4.setLength(memory, to, total);
    memory.put8(to + 20, DESTINATION_UNREACHABLE);
    memory.copy(packet, to + 28, Math.min(excerpt, length));
    memory.putNative16(to + 22, ~Checksum.fold(Checksum.sum(memory, to + 20, total - 20)));
    return total;
  }
}
