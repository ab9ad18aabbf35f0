// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import java.nio.ByteBuffer;

/**
 * The header of IPv4 (RFC 791, 3.1) in a buffer of network byte order, at an offset.
 *
 * <pre>
 *  0 version, header length   1 type of service   2 total length
 *  4 identification           6 flags, fragment offset
 *  8 time to live             9 protocol         10 checksum
 * 12 source                  16 destination      20 options
 * </pre>
 */
final class Ipv4 {

  /** Of a header without options. */
  static final int HEADER = 20;

  static final int ICMP = 1;
  static final int TCP = 6;
  static final int UDP = 17;

  /** In {@link #fragment}: more fragments follow, or an offset. */
  static final int FRAGMENTED = 0x3fff;

  /** In {@link #fragment}. */
  static final int DONT_FRAGMENT = 0x4000;

  private Ipv4() {}

  static int version(ByteBuffer network, int at) {
    return network.get(at) >> 4 & 0xf;
  }

  /** In bytes, 0..60. */
  static int headerLength(ByteBuffer network, int at) {
    return (network.get(at) & 0xf) * 4;
  }

  static int totalLength(ByteBuffer network, int at) {
    return network.getShort(at + 2) & 0xffff;
  }

  static int identification(ByteBuffer network, int at) {
    return network.getShort(at + 4) & 0xffff;
  }

  /** Flags and, in units of 8 bytes, the offset. */
  static int fragment(ByteBuffer network, int at) {
    return network.getShort(at + 6) & 0xffff;
  }

  static int timeToLive(ByteBuffer network, int at) {
    return network.get(at + 8) & 0xff;
  }

  static int protocol(ByteBuffer network, int at) {
    return network.get(at + 9) & 0xff;
  }

  static int source(ByteBuffer network, int at) {
    return network.getInt(at + 12);
  }

  static int destination(ByteBuffer network, int at) {
    return network.getInt(at + 16);
  }

  /**
   * Takes one from the time to live, which must be above 0, and patches the checksum (RFC 1624):
   * taking 0x100 from a word adds it to the complement of the sum. A wrong checksum stays wrong.
   */
  static void decrementTimeToLive(ByteBuffer network, int at) {
    network.put(at + 8, (byte) (network.get(at + 8) - 1));
    int checksum = (network.getShort(at + 10) & 0xffff) + 0x100;
    // 0xffff is the other zero, which a full computation never gives
    network.putShort(at + 10, (short) (checksum >= 0xffff ? checksum + 1 : checksum));
  }

  /** Writes the checksum of the header. */
  static void seal(NativeMemory memory, int at) {
    ByteBuffer network = memory.network();
    network.putShort(at + 10, (short) 0);
    int sum = Checksum.sum(memory, at, headerLength(network, at));
    network.putShort(at + 10, Checksum.complement(sum));
  }
}
