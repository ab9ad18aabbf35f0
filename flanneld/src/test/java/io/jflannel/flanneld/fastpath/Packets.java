// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.net.Ip;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/** IPv4 packets, written and checked independently of the programs (RFC 791, 768, 9293). */
final class Packets {

  static final int TCP = 6;
  static final int UDP = 17;

  /** 02:..:01, 02:..:02, IPv4. */
  private static final byte[] ETHERNET = HexFormat.of().parseHex("0200000000010200000000020800");

  private Packets() {}

  /** With a right header checksum and reproducible content. */
  static byte[] ip(String from, String to, int ttl, int protocol, byte[] payload) {
    byte[] packet = new byte[20 + payload.length];
    ByteBuffer.wrap(packet)
        .put(0, (byte) 0x45)
        .putShort(2, (short) packet.length)
        .putShort(4, (short) 0x1234)
        .put(8, (byte) ttl)
        .put(9, (byte) protocol)
        .put(12, Ip.parse(from).bytes())
        .put(16, Ip.parse(to).bytes())
        .put(20, payload);
    return withHeaderChecksum(packet);
  }

  static byte[] withHeaderChecksum(byte[] packet) {
    ByteBuffer buffer = ByteBuffer.wrap(packet);
    buffer.putShort(10, (short) 0);
    int header = Math.min((packet[0] & 0xf) * 4, packet.length);
    buffer.putShort(10, (short) ~sum(packet, 0, header, 0));
    return packet;
  }

  /** With a right UDP checksum. */
  static byte[] udp(String from, String to, int ttl, int data) {
    byte[] datagram = new byte[8 + data];
    new Random(data).nextBytes(datagram);
    ByteBuffer.wrap(datagram).putShort(4, (short) datagram.length);
    return withUdpChecksum(ip(from, to, ttl, UDP, datagram));
  }

  static byte[] withUdpChecksum(byte[] packet) {
    ByteBuffer.wrap(packet).putShort(26, (short) 0);
    ByteBuffer.wrap(packet).putShort(26, (short) ~sum(packet, 20, packet.length, pseudo(packet)));
    return packet;
  }

  /** An ACK with a right checksum. */
  static byte[] tcp(String from, String to, int ttl, int data) {
    byte[] segment = new byte[20 + data];
    new Random(data).nextBytes(segment);
    ByteBuffer.wrap(segment).put(12, (byte) 0x50).put(13, (byte) 0x10).putShort(16, (short) 0);
    byte[] packet = ip(from, to, ttl, TCP, segment);
    ByteBuffer.wrap(packet).putShort(36, (short) ~sum(packet, 20, packet.length, pseudo(packet)));
    return packet;
  }

  /** As a sender leaves it to the hardware: the checksum field holds the pseudo header's sum. */
  static byte[] unfinished(byte[] packet) {
    int field = packet[9] == TCP ? 36 : 26;
    byte[] copy = packet.clone();
    ByteBuffer.wrap(copy).putShort(field, (short) pseudo(packet));
    return copy;
  }

  /** A datagram between hosts on port 8285, without UDP checksum, as the fast path sends it. */
  static byte[] tunnelled(String from, String to, byte[] inner) {
    byte[] datagram = new byte[8 + inner.length];
    ByteBuffer.wrap(datagram)
        .putShort(0, (short) 8285)
        .putShort(2, (short) 8285)
        .putShort(4, (short) datagram.length)
        .put(8, inner);
    return ip(from, to, 64, UDP, datagram);
  }

  static byte[] framed(byte[] packet) {
    return ByteBuffer.allocate(14 + packet.length).put(ETHERNET).put(packet).array();
  }

  static byte[] behind(int offset, byte[] packet) {
    return Arrays.copyOfRange(packet, offset, packet.length);
  }

  /** As it is after so many hops. */
  static byte[] hopped(byte[] packet, int hops) {
    byte[] copy = packet.clone();
    copy[8] -= (byte) hops;
    return withHeaderChecksum(copy);
  }

  static boolean isHeaderRight(byte[] packet) {
    return sum(packet, 0, 20, 0) == 0xffff;
  }

  static boolean isTransportRight(byte[] packet) {
    return sum(packet, 20, packet.length, pseudo(packet)) == 0xffff;
  }

  private static int pseudo(byte[] packet) {
    return fold(sum(packet, 12, 20, 0) + packet[9] + packet.length - 20);
  }

  /** The one's complement sum of 16-bit words (RFC 1071). */
  private static int sum(byte[] bytes, int from, int to, int start) {
    int sum = start;
    for (int i = from; i < to; i++) {
      sum += (bytes[i] & 0xff) << ((i - from) % 2 == 0 ? 8 : 0);
      sum = fold(sum);
    }
    return sum;
  }

  private static int fold(int sum) {
    return (sum & 0xffff) + (sum >>> 16);
  }
}
