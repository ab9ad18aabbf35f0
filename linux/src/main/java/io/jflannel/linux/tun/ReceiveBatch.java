// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

/**
 * Datagrams that one call has received: an array of struct mmsghdr. A message is one datagram, or
 * several of one size (the last may be shorter) from one sender, which the kernel has put together
 * (UDP_GRO).
 */
public final class ReceiveBatch {

  /** The largest message. */
  public static final int MESSAGE = 64 << 10;

  private static final int HEADER = SendBatch.HEADER;
  private static final int ADDRESS = SendBatch.ADDRESS;
  private static final int NAME = 0;
  private static final int NAME_LENGTH = 8;
  private static final int PIECES = 16;
  private static final int PIECE_COUNT = 24;
  private static final int CONTROL = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;
  private static final int LENGTH = 56;

  private static final int CONTROL_SPACE = 64;
  private static final int SOL_UDP = 17;
  private static final int UDP_GRO = 104;
  private static final int MSG_TRUNC = 0x20;

  private final Memory headers;
  private final Memory addresses;
  private final Memory controls;
  private final Pieces pieces;
  private final int capacity;
  private final int begin;

  /**
   * @param packets where the messages go, {@link #MESSAGE} bytes for each
   * @param begin where the first one goes
   */
  public ReceiveBatch(Memory packets, int begin, int messages) {
    this.begin = begin;
    capacity = messages;
    headers = Memory.allocate(messages * HEADER);
    addresses = Memory.allocate(messages * ADDRESS);
    controls = Memory.allocate(messages * CONTROL_SPACE);
    pieces = new Pieces(packets, messages);
    for (int i = 0; i < messages; i++) {
      pieces.set(i, at(i), MESSAGE);
      headers.putNative64(i * HEADER + NAME, addresses.address(i * ADDRESS, ADDRESS));
      headers.putNative64(i * HEADER + PIECES, pieces.address(i, 1));
      headers.putNative64(i * HEADER + PIECE_COUNT, 1);
    }
  }

  /** The headers, made ready for another call. */
  long prepared() {
    for (int i = 0; i < capacity; i++) {
      int header = i * HEADER;
      headers.putNative32(header + NAME_LENGTH, ADDRESS);
      headers.putNative64(header + CONTROL, controls.address(i * CONTROL_SPACE, CONTROL_SPACE));
      headers.putNative64(header + CONTROL_LENGTH, CONTROL_SPACE);
      headers.putNative32(header + FLAGS, 0);
    }
    return headers.address(0, capacity * HEADER);
  }

  int capacity() {
    return capacity;
  }

  public int at(int message) {
    return begin + message * MESSAGE;
  }

  /** In bytes. */
  public int length(int message) {
    return headers.native32(message * HEADER + LENGTH);
  }

  /** Of each datagram but the last, in bytes. */
  public int segment(int message) {
    int control = message * CONTROL_SPACE;
    boolean grouped =
        headers.native64(message * HEADER + CONTROL_LENGTH) >= 20
            && controls.native32(control + 8) == SOL_UDP
            && controls.native32(control + 12) == UDP_GRO;
    int segment = grouped ? controls.native32(control + 16) : 0;
    return segment > 0 ? segment : Math.max(1, length(message));
  }

  /** The sender's IPv4 address. */
  public int host(int message) {
    return addresses.i32(message * ADDRESS + 4);
  }

  /** Whether the end is missing. */
  public boolean isTruncated(int message) {
    return (headers.native32(message * HEADER + FLAGS) & MSG_TRUNC) != 0;
  }
}
