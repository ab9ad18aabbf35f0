// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

/**
 * An IPv4 or IPv6 address as a value.
 *
 * <p>Both families live in 128 bits; an IPv4 address is held in its mapped form {@code
 * ::ffff:a.b.c.d} (RFC 4291, 2.5.5.2). IPv6 text in that range is therefore refused: it would be an
 * IPv4 address in disguise (ODD-9).
 *
 * @param high the upper 64 bits
 * @param low the lower 64 bits
 */
public record Ip(long high, long low) implements Comparable<Ip> {

  private static final long V4_PREFIX = 0xffff_0000_0000L;

  /** {@code 0.0.0.0}. */
  public static final Ip V4_ZERO = v4(0);

  /** {@code ::}. */
  public static final Ip V6_ZERO = new Ip(0, 0);

  /** An IPv4 address from its 32 bits, most significant octet first. */
  public static Ip v4(int bits) {
    return new Ip(0, V4_PREFIX | Integer.toUnsignedLong(bits));
  }

  /**
   * An IPv4 or IPv6 address from its bytes in network order.
   *
   * @param bytes 4 or 16 bytes
   * @throws IllegalArgumentException on any other length
   */
  public static Ip of(byte[] bytes) {
    return switch (bytes.length) {
      case 4 -> v4((int) word(bytes, 0, 4));
      case 16 -> new Ip(word(bytes, 0, 8), word(bytes, 8, 8));
      default ->
          throw new IllegalArgumentException(
              "an IP address has 4 or 16 bytes, not " + bytes.length);
    };
  }

  private static long word(byte[] bytes, int from, int count) {
    long word = 0;
    for (int i = from; i < from + count; i++) {
      word = word << 8 | bytes[i] & 0xff;
    }
    return word;
  }

  /**
   * Parses a dotted quad or an IPv6 literal (RFC 4291 text, no zone, no brackets). Octets with
   * leading zeros are refused, as spec section 0 wants.
   *
   * @throws IllegalArgumentException naming the text
   */
  public static Ip parse(String text) {
    return IpText.parse(text);
  }

  public Family family() {
    return high == 0 && low >>> 32 == 0xffff ? Family.V4 : Family.V6;
  }

  public boolean isV4() {
    return family() == Family.V4;
  }

  /** The 32 bits of an IPv4 address. Meaningless for IPv6. */
  public int v4Bits() {
    return (int) low;
  }

  /** The address in network order: 4 or 16 bytes. */
  public byte[] bytes() {
    int count = family().bits() / 8;
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      int shift = 8 * (count - 1 - i);
      bytes[i] = (byte) (shift >= 64 ? high >>> (shift - 64) : low >>> shift);
    }
    return bytes;
  }

  /** {@code 0.0.0.0} or {@code ::}. */
  public boolean isUnspecified() {
    return isV4() ? v4Bits() == 0 : (high | low) == 0;
  }

  public boolean isLoopback() {
    return isV4() ? v4Bits() >>> 24 == 127 : high == 0 && low == 1;
  }

  public boolean isMulticast() {
    return isV4() ? v4Bits() >>> 28 == 0xe : high >>> 56 == 0xff;
  }

  /** {@code 169.254.0.0/16} or {@code fe80::/10}. */
  public boolean isLinkLocal() {
    return isV4() ? v4Bits() >>> 16 == 0xa9fe : high >>> 54 == 0x3fa;
  }

  /** {@code 255.255.255.255}. */
  public boolean isBroadcast() {
    return isV4() && v4Bits() == -1;
  }

  /** RFC 1918 or RFC 4193 ({@code fc00::/7}). */
  public boolean isPrivate() {
    if (!isV4()) {
      return high >>> 57 == 0x7e;
    }
    int bits = v4Bits();
    return bits >>> 24 == 10 || bits >>> 20 == 0xac1 || bits >>> 16 == 0xc0a8;
  }

  /**
   * Global unicast in the sense of IF-8: includes private addresses; excludes loopback, multicast,
   * unspecified, link-local and the limited broadcast address.
   */
  public boolean isGlobalUnicast() {
    return !isUnspecified() && !isLoopback() && !isMulticast() && !isLinkLocal() && !isBroadcast();
  }

  /**
   * The address {@code distance} further on. Wraps within the family (modulo 2^32 or 2^128).
   *
   * @param distance may be negative
   */
  public Ip plus(long distance) {
    if (isV4()) {
      return v4((int) (v4Bits() + distance));
    }
    long sum = low + distance;
    long carry = distance >= 0 && Long.compareUnsigned(sum, low) < 0 ? 1 : 0;
    long borrow = distance < 0 && Long.compareUnsigned(sum, low) > 0 ? 1 : 0;
    return new Ip(high + carry - borrow, sum);
  }

  /** Unsigned order; IPv4 sorts as its mapped form. */
  @Override
  public int compareTo(Ip other) {
    int byHigh = Long.compareUnsigned(high, other.high);
    return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
  }

  /** By hand: what records generate is several times slower until the compiler has warmed up. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Ip ip && high == ip.high && low == ip.low;
  }

  /**
   * Spreads evenly spaced addresses over all bits: subnets differ in the middle of the word only.
   */
  @Override
  public int hashCode() {
    long mixed = (high * 0x9e3779b97f4a7c15L ^ low) * 0xbf58476d1ce4e5b9L;
    return (int) (mixed >>> 32);
  }

  /** Dotted quad, or RFC 5952 text in lower case. */
  @Override
  public String toString() {
    return IpText.print(this);
  }
}
