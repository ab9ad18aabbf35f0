// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds the addresses that a rule compares packets with: it loads a part of the network header
 * (payload), perhaps masks it (bitwise), and compares it (cmp).
 */
final class Comparisons {

  private static final int PAYLOAD_BASE = 2;
  private static final int PAYLOAD_OFFSET = 3;
  private static final int PAYLOAD_LENGTH = 4;
  private static final int BITWISE_MASK = 4;
  private static final int CMP_DATA = 3;

  /** NFTA_DATA_VALUE. */
  private static final int VALUE = 1;

  /** NFT_PAYLOAD_NETWORK_HEADER. */
  private static final int NETWORK_HEADER = 1;

  private final int bytes;
  private final int source;
  private final List<Cidr> addresses = new ArrayList<>();

  /** Of what was loaded last, what is compared; empty if that is no address. */
  private Optional<byte[]> mask = Optional.empty();

  Comparisons(Family family) {
    bytes = family.bits() / Byte.SIZE;
    source = family == Family.V4 ? 12 : 8; // in struct iphdr and struct ipv6hdr
  }

  void payload(Attributes data) {
    int base = 0;
    int offset = 0;
    int length = 0;
    while (data.next()) {
      switch (data.type()) {
        case PAYLOAD_BASE -> base = data.big32();
        case PAYLOAD_OFFSET -> offset = data.big32();
        case PAYLOAD_LENGTH -> length = data.big32();
        default -> {}
      }
    }
    boolean address =
        base == NETWORK_HEADER
            && (offset == source || offset == source + bytes)
            && length > 0
            && length <= bytes;
    mask = address ? Optional.of(ones(length)) : Optional.empty();
  }

  private static byte[] ones(int length) {
    byte[] ones = new byte[length];
    Arrays.fill(ones, (byte) 0xff);
    return ones;
  }

  void bitwise(Attributes data) {
    while (data.next()) {
      if (data.type() == BITWISE_MASK) {
        byte[] value = value(data.nested());
        mask = mask.filter(loaded -> loaded.length == value.length).map(_ -> value);
      }
    }
  }

  void cmp(Attributes data) {
    while (data.next()) {
      if (data.type() == CMP_DATA) {
        byte[] value = value(data.nested());
        mask.filter(compared -> compared.length == value.length)
            .ifPresent(compared -> compared(value, compared));
      }
    }
    mask = Optional.empty();
  }

  private void compared(byte[] value, byte[] compared) {
    int length = 0;
    while (length < compared.length * Byte.SIZE && bit(compared, length)) {
      length++;
    }
    for (int rest = length; rest < compared.length * Byte.SIZE; rest++) {
      if (bit(compared, rest)) {
        return; // no prefix
      }
    }
    addresses.add(new Cidr(Ip.of(Arrays.copyOf(value, bytes)), length).network());
  }

  private static boolean bit(byte[] of, int number) {
    return (of[number / Byte.SIZE] << (number % Byte.SIZE) & 0x80) != 0;
  }

  private static byte[] value(Attributes data) {
    byte[] value = {};
    while (data.next()) {
      if (data.type() == VALUE) {
        value = data.bytes();
      }
    }
    return value;
  }

  List<Cidr> addresses() {
    return addresses;
  }
}
