// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import java.nio.ByteOrder;

/** Lengths of headers in bytes, values in them, and fields of struct __sk_buff (linux/bpf.h). */
final class Wire {

  static final int ETHERNET = 14;
  static final int IP = 20;
  static final int UDP = 8;

  /** What the tunnel adds to a packet. */
  static final int OVERHEAD = IP + UDP;

  static final int ETHERTYPE_IP = network16(0x0800);

  /** Version 4 and a header without options, in the first byte. */
  static final int PLAIN_IP = 0x45;

  static final int PROTOCOL_TCP = 6;
  static final int PROTOCOL_UDP = 17;

  /** MF and the offset, beside DF. */
  static final int FRAGMENT = network16(0x3fff);

  // offsets in an IP header, RFC 791
  static final int IP_LENGTH = 2;
  static final int IP_FRAGMENT = 6;
  static final int IP_TTL = 8;
  static final int IP_PROTOCOL = 9;
  static final int IP_CHECKSUM = 10;
  static final int IP_SOURCE = 12;
  static final int IP_DESTINATION = 16;

  // offsets in a UDP header, RFC 768
  static final int UDP_LENGTH = 4;
  static final int UDP_CHECKSUM = 6;

  // offsets in struct __sk_buff
  static final int SKB_LENGTH = 0;
  static final int SKB_PACKET_TYPE = 4;
  static final int SKB_MARK = 8;
  static final int SKB_PROTOCOL = 16;
  static final int SKB_VLAN_PRESENT = 20;
  static final int SKB_DATA = 76;
  static final int SKB_DATA_END = 80;
  static final int SKB_GSO_SIZE = 176;

  private Wire() {}

  /** As this machine loads 16 bits of a packet. */
  static int network16(int value) {
    return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN
        ? value & 0xffff
        : Short.toUnsignedInt(Short.reverseBytes((short) value));
  }

  /** As this machine loads 32 bits of a packet. */
  static int network32(int value) {
    return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
  }
}
