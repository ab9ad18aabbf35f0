// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import io.jflannel.linux.ffi.NativeBuffer;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Lays netlink messages one behind the other into one reused buffer. Lengths and padding are
 * computed here only. Creates no object per message or attribute.
 */
public final class MessageWriter {

  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private final NativeBuffer memory;
  private final ByteBuffer out;
  private int position;
  private int message;

  public MessageWriter(int capacity) {
    memory = NativeBuffer.allocate(capacity);
    out = memory.bytes();
  }

  /** Forgets all messages. */
  public void reset() {
    position = 0;
    message = 0;
  }

  /** Bytes written so far. */
  public int length() {
    return position;
  }

  int room() {
    return memory.capacity() - position;
  }

  NativeBuffer memory() {
    return memory;
  }

  /** Begins a message; {@link #end} must follow. */
  public MessageWriter begin(int type, int flags, int sequence) {
    message = position;
    out.putInt(position, 0);
    out.putShort(position + 4, (short) type);
    out.putShort(position + 6, (short) flags);
    out.putInt(position + 8, sequence);
    out.putInt(position + 12, 0);
    position += Netlink.HEADER;
    return this;
  }

  /** Completes the message. */
  public void end() {
    out.putInt(message, position - message);
  }

  /** Adds flags to the message begun last. */
  void addFlags(int flags) {
    out.putShort(message + 6, (short) (out.getShort(message + 6) | flags));
  }

  public MessageWriter u8(int value) {
    out.put(position, (byte) value);
    position += 1;
    return this;
  }

  public MessageWriter u16(int value) {
    out.putShort(position, (short) value);
    position += 2;
    return this;
  }

  public MessageWriter u32(int value) {
    out.putInt(position, value);
    position += 4;
    return this;
  }

  /** An attribute without a value. */
  public MessageWriter flag(int type) {
    attribute(type, 0);
    return this;
  }

  /** A one-byte attribute. */
  public MessageWriter attribute8(int type, int value) {
    attribute(type, 1);
    out.putInt(position, 0);
    out.put(position, (byte) value);
    position += 4;
    return this;
  }

  /** A two-byte attribute in network order, as ports are. */
  public MessageWriter attributeBig16(int type, int value) {
    attribute(type, 2);
    out.putInt(position, 0);
    out.put(position, (byte) (value >>> 8));
    out.put(position + 1, (byte) value);
    position += 4;
    return this;
  }

  public MessageWriter attribute32(int type, int value) {
    attribute(type, 4);
    return u32(value);
  }

  /** A four-byte attribute in network order. */
  public MessageWriter attributeBig32(int type, int value) {
    attribute(type, 4);
    out.putInt(position, big(value));
    position += 4;
    return this;
  }

  /** An eight-byte attribute in network order. */
  public MessageWriter attributeBig64(int type, long value) {
    attribute(type, 8);
    out.putLong(position, big(value));
    position += 8;
    return this;
  }

  /** An address in network order, four or sixteen bytes. */
  public MessageWriter attribute(int type, Ip ip) {
    attribute(type, ip.isV4() ? 4 : 16);
    return address(ip);
  }

  /** The bytes of an address, outside an attribute of its own. */
  public MessageWriter address(Ip ip) {
    if (ip.isV4()) {
      out.putInt(position, big(ip.v4Bits()));
      position += 4;
    } else {
      out.putLong(position, big(ip.high()));
      out.putLong(position + 8, big(ip.low()));
      position += 16;
    }
    return this;
  }

  public MessageWriter attribute(int type, MacAddress mac) {
    attribute(type, 6);
    out.putInt(position, big((int) (mac.bits() >>> 16)));
    out.putInt(position + 4, 0);
    out.put(position + 4, (byte) (mac.bits() >>> 8));
    out.put(position + 5, (byte) mac.bits());
    position += 8;
    return this;
  }

  /** Text with a terminating zero (NLA_NUL_STRING). */
  public MessageWriter string(int type, String text) {
    return bytes(type, (text + '\0').getBytes(StandardCharsets.UTF_8));
  }

  /** Text without a terminating zero. */
  public MessageWriter bareString(int type, String text) {
    return bytes(type, text.getBytes(StandardCharsets.UTF_8));
  }

  private MessageWriter bytes(int type, byte[] value) {
    attribute(type, value.length);
    out.put(position, value);
    int padded = Netlink.aligned(value.length);
    for (int i = value.length; i < padded; i++) {
      out.put(position + i, (byte) 0);
    }
    position += padded;
    return this;
  }

  /**
   * Begins an attribute of attributes.
   *
   * @return what {@link #unnest} needs
   */
  public int nest(int type) {
    int at = position;
    attribute(type, 0);
    return at;
  }

  public MessageWriter unnest(int at) {
    out.putShort(at, (short) (position - at));
    return this;
  }

  private void attribute(int type, int valueLength) {
    out.putShort(position, (short) (Netlink.ATTRIBUTE_HEADER + valueLength));
    out.putShort(position + 2, (short) type);
    position += Netlink.ATTRIBUTE_HEADER;
  }

  private static int big(int value) {
    return LITTLE ? Integer.reverseBytes(value) : value;
  }

  private static long big(long value) {
    return LITTLE ? Long.reverseBytes(value) : value;
  }

  /** A copy of what was written, for tests and traces. */
  public byte[] toBytes() {
    byte[] bytes = new byte[position];
    out.get(0, bytes);
    return bytes;
  }
}
