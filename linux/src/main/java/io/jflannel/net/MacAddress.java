// SPDX-License-Identifier: Apache-2.0
package io.jflannel.net;

import java.util.HexFormat;

/**
 * An Ethernet address (EUI-48).
 *
 * @param bits the 48 bits, first octet most significant; the upper 16 bits are zero
 */
public record MacAddress(long bits) {

  private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

  public MacAddress {
    if (bits >>> 48 != 0) {
      throw new IllegalArgumentException("a MAC address has 48 bits: " + Long.toHexString(bits));
    }
  }

  /**
   * Parses {@code aa:bb:cc:dd:ee:ff}, {@code aa-bb-…} or {@code aabb.ccdd.eeff} in any letter case
   * (spec T8).
   *
   * @throws IllegalArgumentException naming the text
   */
  public static MacAddress parse(String text) {
    int group =
        switch (text.length()) {
          case 17 -> 2;
          case 14 -> 4;
          default -> throw wrong(text);
        };
    char separator = text.charAt(group);
    if (group == 2 ? separator != ':' && separator != '-' : separator != '.') {
      throw wrong(text);
    }
    long bits = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (i % (group + 1) == group) {
        if (c != separator) {
          throw wrong(text);
        }
      } else if (HexFormat.isHexDigit(c)) {
        bits = bits << 4 | HexFormat.fromHexDigit(c);
      } else {
        throw wrong(text);
      }
    }
    return new MacAddress(bits);
  }

  private static IllegalArgumentException wrong(String text) {
    return new IllegalArgumentException("\"" + text + "\" is no MAC address");
  }

  /** A MAC address from its six bytes. */
  public static MacAddress of(byte[] bytes) {
    if (bytes.length != 6) {
      throw new IllegalArgumentException("a MAC address has 6 bytes, not " + bytes.length);
    }
    long bits = 0;
    for (byte b : bytes) {
      bits = bits << 8 | b & 0xff;
    }
    return new MacAddress(bits);
  }

  /**
   * A locally administered unicast address made of 48 random bits: first octet {@code (b & 0xfe) |
   * 2}.
   */
  public static MacAddress local(long random) {
    return new MacAddress(random & 0xfeff_ffff_ffffL | 0x0200_0000_0000L);
  }

  public byte[] bytes() {
    byte[] bytes = new byte[6];
    for (int i = 0; i < 6; i++) {
      bytes[i] = (byte) (bits >>> (40 - 8 * i));
    }
    return bytes;
  }

  public boolean isUnicast() {
    return (bits >>> 40 & 1) == 0;
  }

  public boolean isZero() {
    return bits == 0;
  }

  /** By hand: what records generate is several times slower until the compiler has warmed up. */
  @Override
  public boolean equals(Object other) {
    return other instanceof MacAddress mac && bits == mac.bits;
  }

  @Override
  public int hashCode() {
    return (int) (bits * 0x9e3779b97f4a7c15L >>> 32);
  }

  /** Lower case with colons. */
  @Override
  public String toString() {
    return COLONS.formatHex(bytes());
  }
}
