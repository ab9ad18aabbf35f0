// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

import java.util.Optional;

/**
 * An IP address with a prefix length. Host bits are kept as given; {@link #network()} drops them.
 *
 * @param ip the address
 * @param length prefix length, 0..32 or 0..128
 */
public record Cidr(Ip ip, int length) {

  public Cidr {
    if (length < 0 || length > ip.family().bits()) {
      throw new IllegalArgumentException(
          "prefix length " + length + " of " + ip + " is not within 0.." + ip.family().bits());
    }
  }

  /**
   * Parses {@code address/length} and keeps the host bits.
   *
   * @throws IllegalArgumentException naming the text
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("\"" + text + "\" is no CIDR: it lacks a /length");
    }
    String digits = text.substring(slash + 1);
    if (digits.isEmpty()
        || digits.length() > 3
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("\"" + text + "\" is no CIDR: length \"" + digits + "\"");
    }
    return new Cidr(Ip.parse(text.substring(0, slash)), Integer.parseInt(digits));
  }

  public Family family() {
    return ip.family();
  }

  /** The same prefix with all host bits zero. */
  public Cidr network() {
    return new Cidr(masked(ip, length), length);
  }

  /** A host address as a prefix: /32 or /128. */
  public static Cidr host(Ip ip) {
    return new Cidr(ip, ip.family().bits());
  }

  public boolean contains(Ip other) {
    return other.family() == family() && masked(ip, length).equals(masked(other, length));
  }

  /** Whether every address of {@code other} is in this prefix; a prefix contains itself. */
  public boolean contains(Cidr other) {
    return length <= other.length && contains(other.ip);
  }

  public boolean overlaps(Cidr other) {
    return contains(other) || other.contains(this);
  }

  /**
   * The next prefix of the same length, or nothing behind the last one of the family (ODD-38:
   * upstream wraps to zero).
   */
  public Optional<Cidr> next() {
    int host = family().bits() - length;
    Ip first = masked(ip, length);
    Ip next =
        host >= 64
            ? host == 128 ? first : new Ip(first.high() + (1L << (host - 64)), first.low())
            : first.isV4() && host == 32 ? first : stepped(first, host);
    boolean inFamily = next.family() == family(); // ::fffe:0:0/96 is followed by IPv4-mapped ones
    return inFamily && next.compareTo(first) > 0
        ? Optional.of(new Cidr(next, length))
        : Optional.empty();
  }

  private static Ip stepped(Ip first, int host) {
    if (first.isV4()) {
      return Ip.v4((int) (first.v4Bits() + (1L << host)));
    }
    long low = first.low() + (1L << host);
    return new Ip(first.high() + (low == 0 ? 1 : 0), low);
  }

  private static Ip masked(Ip ip, int length) {
    if (ip.isV4()) {
      return length == 0 ? Ip.V4_ZERO : Ip.v4(ip.v4Bits() & -1 << (32 - length));
    }
    long high = length == 0 ? 0 : ip.high() & -1L << Math.max(0, 64 - length);
    long low = length <= 64 ? 0 : ip.low() & -1L << (128 - length);
    return new Ip(high, low);
  }

  /** By hand: what records generate is several times slower until the compiler has warmed up. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Cidr cidr && length == cidr.length && ip.equals(cidr.ip);
  }

  @Override
  public int hashCode() {
    return 31 * ip.hashCode() + length;
  }

  /** {@code address/length}. */
  @Override
  public String toString() {
    return ip + "/" + length;
  }
}
