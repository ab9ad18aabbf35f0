// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * IPv4 packets as arrays of bytes, and what the kernel does with super-packets, byte by byte and
 * from the RFCs: shares nothing with what is tested.
 */
final class NaivePacket {

  private NaivePacket() {}

  static int u8(byte[] packet, int at) {
    return packet[at] & 0xff;
  }

  static int u16(byte[] packet, int at) {
    return u8(packet, at) << 8 | u8(packet, at + 1);
  }

  static long u32(byte[] packet, int at) {
    return (long) u16(packet, at) << 16 | u16(packet, at + 2);
  }

  static void put16(byte[] packet, int at, int value) {
    packet[at] = (byte) (value >> 8);
    packet[at + 1] = (byte) value;
  }

  static void put32(byte[] packet, int at, long value) {
    put16(packet, at, (int) (value >> 16));
    put16(packet, at + 2, (int) value);
  }

  /** RFC 1071: the sum of 16-bit words, a missing last byte being zero; carries added at once. */
  static int sum(byte[] packet, int from, int to, int sum) {
    for (int i = from; i < to; i += 2) {
      sum += u8(packet, i) << 8 | (i + 1 < to ? u8(packet, i + 1) : 0);
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
  }

  static int header(byte[] packet) {
    return (packet[0] & 0xf) * 4;
  }

  static int pseudo(byte[] packet, int length) {
    int sum = sum(packet, 12, 20, 0) + u8(packet, 9) + length;
    return (sum & 0xffff) + (sum >> 16);
  }

  static void seal(byte[] packet) {
    put16(packet, 10, 0);
    put16(packet, 10, ~sum(packet, 0, header(packet), 0));
  }

  static boolean sealed(byte[] packet) {
    return sum(packet, 0, header(packet), 0) == 0xffff;
  }

  /** Where the checksum of TCP or UDP is. */
  static int checksumAt(byte[] packet) {
    return header(packet) + (u8(packet, 9) == 6 ? 16 : 6);
  }

  static void sealTransport(byte[] packet) {
    int at = checksumAt(packet);
    int length = packet.length - header(packet);
    put16(packet, at, 0);
    int checksum = ~sum(packet, header(packet), packet.length, pseudo(packet, length)) & 0xffff;
    put16(packet, at, checksum == 0 && u8(packet, 9) == 17 ? 0xffff : checksum);
  }

  static boolean isFragment(byte[] packet) {
    return (u16(packet, 6) & 0x3fff) != 0;
  }

  static boolean dontFragment(byte[] packet) {
    return (u16(packet, 6) & 0x4000) != 0;
  }

  /**
   * What the kernel makes of a super-packet (tcp_gso_segment, __udp_gso_segment, inet_gso_segment).
   */
  static List<byte[]> segments(byte[] packet, int size) {
    int ip = header(packet);
    boolean tcp = u8(packet, 9) == 6;
    int headers = ip + (tcp ? (u8(packet, ip + 12) >> 4) * 4 : 8);
    List<byte[]> segments = new ArrayList<>();
    for (int from = headers; from < packet.length; from += size) {
      int to = Math.min(packet.length, from + size);
      byte[] segment = Arrays.copyOf(packet, headers + to - from);
      System.arraycopy(packet, from, segment, headers, to - from);
      put16(segment, 2, segment.length);
      put16(segment, 4, u16(packet, 4) + segments.size());
      if (tcp) {
        put32(segment, ip + 4, u32(packet, ip + 4) + (from - headers));
        if (to < packet.length) {
          segment[ip + 13] = (byte) (segment[ip + 13] & ~9); // FIN, PSH
        }
        if (from > headers) {
          segment[ip + 13] = (byte) (segment[ip + 13] & ~0x80); // CWR
        }
      } else {
        put16(segment, ip + 4, segment.length - ip);
      }
      seal(segment);
      sealTransport(segment);
      segments.add(segment);
    }
    return segments;
  }
}
