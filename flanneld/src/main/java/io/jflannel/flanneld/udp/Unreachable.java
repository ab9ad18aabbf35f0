// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import java.nio.ByteBuffer;

/**
 * ICMP "net unreachable" (RFC 792, type 3 code 0) about a packet that no peer takes, as section 6.6
 * of the specification has it.
 */
final class Unreachable {

  /** The longest answer. */
  static final int LONGEST = Ipv4.HEADER + 8 + 60 + 8;

  private static final int ICMP_HEADER = 8;

  /** Of the offender's payload. */
  private static final int QUOTED = 8;

  private static final byte TIME_TO_LIVE = 8;
  private static final byte DESTINATION_UNREACHABLE = 3;

  private Unreachable() {}

  /**
   * Writes the answer, if there may be one: not about ICMP, whatever its type, nor about fragments
   * but the first, nor about what has the longest header (upstream has no room for it).
   *
   * <p>Where the offender has less than 8 bytes of payload, zeros make up for it: upstream sends
   * what its buffer held before (B28), of the same length.
   *
   * @param at the offender, admitted by {@link Admission#ofTun}
   * @param into where {@link #LONGEST} bytes are free
   * @param own the address of the TUN
   * @return the length of the answer, or 0 for none
   */
  static int answer(NativeMemory memory, int at, int into, int own) {
    ByteBuffer network = memory.network();
    int header = Ipv4.headerLength(network, at);
    boolean later = (Ipv4.fragment(network, at) & 0x1fff) != 0;
    if (Ipv4.protocol(network, at) == Ipv4.ICMP || later || header >= 60) {
      return 0;
    }
    int quote = header + QUOTED;
    int total = Ipv4.HEADER + ICMP_HEADER + quote;
    network.putInt(into, 0x4500_0000 | total);
    network.putInt(into + 4, 0); // no identification, no flags
    network.putInt(into + 8, TIME_TO_LIVE << 24 | Ipv4.ICMP << 16);
    network.putInt(into + 12, own);
    network.putInt(into + 16, Ipv4.source(network, at));
    Ipv4.seal(memory, into);
    int icmp = into + Ipv4.HEADER;
    network.putInt(icmp, DESTINATION_UNREACHABLE << 24);
    network.putInt(icmp + 4, 0);
    network.putLong(icmp + ICMP_HEADER + header, 0);
    int there = Math.min(quote, Ipv4.totalLength(network, at));
    network.put(icmp + ICMP_HEADER, network, at, there);
    network.putShort(
        icmp + 2, Checksum.complement(Checksum.sum(memory, icmp, ICMP_HEADER + quote)));
    return total;
  }
}
