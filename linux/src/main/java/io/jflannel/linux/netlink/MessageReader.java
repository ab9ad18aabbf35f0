// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.ByteBuffer;

/** A cursor over the messages of one received datagram. One per socket, reused. */
public final class MessageReader {

  private final NativeBuffer memory;
  private final ByteBuffer in;
  private final Attributes attributes;
  private int nextAt;
  private int end;
  private int message;
  private int messageEnd;

  public MessageReader(int capacity) {
    this(NativeBuffer.allocate(capacity));
  }

  private MessageReader(NativeBuffer memory) {
    this.memory = memory;
    this.in = memory.bytes();
    this.attributes = new Attributes(in);
  }

  /** A reader of messages captured elsewhere. */
  public static MessageReader of(byte[] datagram) {
    MessageReader reader = new MessageReader(NativeBuffer.of(datagram));
    reader.begin(datagram.length);
    return reader;
  }

  NativeBuffer memory() {
    return memory;
  }

  /** A datagram of {@code length} bytes was received into {@link #memory}. */
  void begin(int length) {
    nextAt = 0;
    end = length;
  }

  /**
   * Moves to the next message.
   *
   * @throws MalformedMessageException if its length is impossible
   */
  public boolean next() {
    int left = end - nextAt;
    if (left <= 0) {
      return false;
    }
    int length = left < Netlink.HEADER ? left : in.getInt(nextAt);
    if (length < Netlink.HEADER || length > left) {
      nextAt = end;
      throw new MalformedMessageException("message of " + length + " bytes, " + left + " left");
    }
    message = nextAt;
    messageEnd = nextAt + length;
    nextAt += Netlink.aligned(length);
    return true;
  }

  public int type() {
    return in.getShort(message + 4) & 0xffff;
  }

  public int flags() {
    return in.getShort(message + 6) & 0xffff;
  }

  public int sequence() {
    return in.getInt(message + 8);
  }

  /** The socket that asked for what the message is about; 0 if none did. */
  public int portId() {
    return in.getInt(message + 12);
  }

  /**
   * Makes sure that the family's fixed header is there; call it before the accessors below.
   *
   * @throws MalformedMessageException if the message is shorter
   */
  public void requireHeader(int length) {
    if (messageEnd - message - Netlink.HEADER < length) {
      throw new MalformedMessageException(
          "message of type " + type() + " has no header of " + length + " bytes");
    }
  }

  /** A byte of the family's header. */
  public int u8(int offset) {
    return in.get(message + Netlink.HEADER + offset) & 0xff;
  }

  public int u16(int offset) {
    return in.getShort(message + Netlink.HEADER + offset) & 0xffff;
  }

  public int u32(int offset) {
    return in.getInt(message + Netlink.HEADER + offset);
  }

  /**
   * The attributes behind the family's header. The cursor is reused: valid until the next call.
   *
   * @param headerLength of the family's header, a multiple of 4
   */
  public Attributes attributes(int headerLength) {
    requireHeader(headerLength);
    return attributes.over(message + Netlink.HEADER + headerLength, messageEnd);
  }

  boolean isError() {
    return type() == Netlink.MSG_ERROR;
  }

  boolean isDone() {
    return type() == Netlink.MSG_DONE;
  }

  /** The positive errno of an error or end-of-dump message; 0 for success. */
  int errno() {
    if (isDone() && messageEnd - message < Netlink.HEADER + 4) {
      return 0;
    }
    requireHeader(4);
    return Math.max(0, -u32(0));
  }

  /** The kernel's words in an error or end-of-dump message, or empty (NLMSGERR_ATTR_MSG). */
  String extendedMessage() {
    if ((flags() & Netlink.ACK_TLVS) == 0) {
      return "";
    }
    Attributes cursor = attributes(isDone() ? 4 : 4 + originalLength());
    while (cursor.next()) {
      if (cursor.type() == Netlink.NLMSGERR_ATTR_MSG) {
        return cursor.string();
      }
    }
    return "";
  }

  /** How much of the request an error message repeats. */
  private int originalLength() {
    if ((flags() & Netlink.CAPPED) != 0) {
      return Netlink.HEADER;
    }
    requireHeader(4 + Netlink.HEADER);
    int length = u32(4);
    int left = messageEnd - message - Netlink.HEADER - 4;
    if (length < 0 || length > left) {
      throw new MalformedMessageException("error message about " + length + " bytes");
    }
    return Netlink.aligned(length);
  }
}
