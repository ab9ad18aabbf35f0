// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import io.jflannel.linux.MalformedMessageException;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A cursor over the attributes of a message or of a nesting attribute. No object per attribute.
 * Every method throws {@link MalformedMessageException} when lengths do not fit, and each {@link
 * #next} moves on by four bytes or more, so every loop ends.
 */
public final class Attributes {

  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private final ByteBuffer in;
  private int nextAt;
  private int end;
  private int type;
  private int valueAt;
  private int valueLength;

  Attributes(ByteBuffer in) {
    this.in = in;
  }

  Attributes over(int from, int to) {
    nextAt = from;
    end = to;
    return this;
  }

  /** Moves to the next attribute. */
  public boolean next() {
    int left = end - nextAt;
    if (left < Netlink.ATTRIBUTE_HEADER) {
      return false; // padding of the last one
    }
    int length = in.getShort(nextAt) & 0xffff;
    if (length < Netlink.ATTRIBUTE_HEADER || length > left) {
      throw new MalformedMessageException("attribute of " + length + " bytes, " + left + " left");
    }
    type = in.getShort(nextAt + 2) & Netlink.TYPE_MASK;
    valueAt = nextAt + Netlink.ATTRIBUTE_HEADER;
    valueLength = length - Netlink.ATTRIBUTE_HEADER;
    nextAt += Netlink.aligned(length);
    return true;
  }

  public int type() {
    return type;
  }

  /** Length of the value in bytes. */
  public int length() {
    return valueLength;
  }

  public int u8() {
    return in.get(at(1)) & 0xff;
  }

  public int u16() {
    return in.getShort(at(2)) & 0xffff;
  }

  /** Two bytes in network order. */
  public int big16() {
    int at = at(2);
    return (in.get(at) & 0xff) << 8 | in.get(at + 1) & 0xff;
  }

  public int u32() {
    return in.getInt(at(4));
  }

  /** Four bytes in network order. */
  public int big32() {
    return big(in.getInt(at(4)));
  }

  /** Eight bytes in network order. */
  public long big64() {
    return big(in.getLong(at(8)));
  }

  /** A copy of the value. */
  public byte[] bytes() {
    byte[] value = new byte[valueLength];
    in.get(valueAt, value);
    return value;
  }

  /** Copies the value. */
  public void copy(byte[] into, int at) {
    in.get(valueAt, into, at, valueLength);
  }

  /** Whether {@link #string} is this text, given in UTF-8. Creates no object. */
  public boolean is(byte[] text) {
    int length = text.length;
    if (valueLength < length || valueLength > length && in.get(valueAt + length) != 0) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (in.get(valueAt + i) != text[i]) {
        return false;
      }
    }
    return true;
  }

  /** Text up to its first zero byte. */
  public String string() {
    int length = 0;
    while (length < valueLength && in.get(valueAt + length) != 0) {
      length++;
    }
    byte[] text = new byte[length];
    in.get(valueAt, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** An address of four or sixteen bytes. */
  public Ip ip() {
    return ip(0);
  }

  /** An address that begins {@code offset} bytes into the value. */
  public Ip ip(int offset) {
    int at = valueAt + offset;
    return switch (valueLength - offset) {
      case 4 -> Ip.v4(big(in.getInt(at)));
      case 16 -> new Ip(big(in.getLong(at)), big(in.getLong(at + 8)));
      default -> throw new MalformedMessageException("address of " + valueLength + " bytes");
    };
  }

  /** An Ethernet address; empty for link-layer addresses of any other length. */
  public Optional<MacAddress> mac() {
    if (valueLength != 6) {
      return Optional.empty();
    }
    long head = Integer.toUnsignedLong(big(in.getInt(valueAt)));
    long tail = (in.get(valueAt + 4) & 0xffL) << 8 | in.get(valueAt + 5) & 0xffL;
    return Optional.of(new MacAddress(head << 16 | tail));
  }

  /** A new cursor over the attributes inside the present one. */
  public Attributes nested() {
    return new Attributes(in).over(valueAt, valueAt + valueLength);
  }

  private int at(int needed) {
    if (valueLength < needed) {
      throw new MalformedMessageException(
          "attribute " + type + " has " + valueLength + " bytes, not " + needed);
    }
    return valueAt;
  }

  private static int big(int value) {
    return LITTLE ? Integer.reverseBytes(value) : value;
  }

  private static long big(long value) {
    return LITTLE ? Long.reverseBytes(value) : value;
  }
}
