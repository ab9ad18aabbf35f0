// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import java.nio.ByteBuffer;

/**
 * An array of {@code struct mmsghdr} (recvmmsg(2), 64-bit layout) with an IPv4 address and room for
 * one control message each.
 *
 * <pre>
 * msghdr   0 name   8 name length   16 iovec   24 iovecs   32 control   40 control length   48 flags
 * mmsghdr 56 length of the datagram
 * cmsghdr  0 length   8 level   12 type   16 data
 * </pre>
 */
public final class MessageVector {

  private static final int HEADER = 64;
  private static final int CONTROL = 32;
  private static final int CONTROL_HEADER = 16;
  private static final int SOL_UDP = 17;
  private static final int UDP_SEGMENT = 103;
  private static final int UDP_GRO = 104;
  private static final int MSG_TRUNC = 0x20;

  private final NativeMemory memory;
  private final int base;
  private final int addresses;
  private final int controls;

  /**
   * An array at a place in the memory.
   *
   * @param base a multiple of 8; the {@link #bytes} from there on are used
   */
  public MessageVector(NativeMemory memory, int base, int count) {
    this.memory = memory;
    this.base = base;
    this.addresses = base + count * HEADER;
    this.controls = addresses + count * SocketAddress.BYTES;
  }

  /** What an array of {@code count} messages needs. */
  public static int bytes(int count) {
    return count * (HEADER + SocketAddress.BYTES + CONTROL);
  }

  /**
   * Makes a message to send.
   *
   * @param first of its {@code count} pieces
   * @param segment if positive, the kernel cuts the message into datagrams of that many bytes, the
   *     last of which may be shorter (UDP_SEGMENT)
   */
  public void toSend(
      int index, IoVectors pieces, int first, int count, int segment, int address, int port) {
    SocketAddress.write(memory, addressAt(index), address, port);
    prepare(index, pieces, first, count, segment > 0 ? CONTROL_HEADER + 8 : 0);
    if (segment > 0) {
      int control = controlAt(index);
      memory.host().putLong(control, CONTROL_HEADER + 2);
      memory.host().putInt(control + 8, SOL_UDP);
      memory.host().putInt(control + 12, UDP_SEGMENT);
      memory.host().putShort(control + CONTROL_HEADER, (short) segment);
    }
  }

  /** Makes room for a message to receive, in one piece. */
  public void toReceive(int index, IoVectors pieces, int piece) {
    prepare(index, pieces, piece, 1, CONTROL);
  }

  private void prepare(int index, IoVectors pieces, int first, int count, int control) {
    ByteBuffer host = memory.host();
    int at = at(index);
    host.putLong(at, memory.address(addressAt(index)));
    host.putInt(at + 8, SocketAddress.BYTES);
    host.putLong(at + 16, memory.address(pieces.at(first)));
    host.putLong(at + 24, count);
    host.putLong(at + 32, control == 0 ? 0 : memory.address(controlAt(index)));
    host.putLong(at + 40, control);
    host.putInt(at + 48, 0);
  }

  /** Bytes of a received message. */
  public int length(int index) {
    return memory.host().getInt(at(index) + 56);
  }

  /** Who sent a received message: the 32 bits of the address. */
  public int sender(int index) {
    return SocketAddress.address(memory, addressAt(index));
  }

  /** Whether a received message was longer than its piece. */
  public boolean truncated(int index) {
    return (memory.host().getInt(at(index) + 48) & MSG_TRUNC) != 0;
  }

  /**
   * The size of the datagrams of which the kernel has made a received message (UDP_GRO); the last
   * may be shorter. The message's own length if it is one.
   */
  public int segment(int index) {
    ByteBuffer host = memory.host();
    int control = controlAt(index);
    boolean joined =
        host.getLong(at(index) + 40) >= CONTROL_HEADER + 4
            && host.getInt(control + 8) == SOL_UDP
            && host.getInt(control + 12) == UDP_GRO;
    int segment = joined ? host.getInt(control + CONTROL_HEADER) : 0;
    return segment > 0 ? segment : length(index);
  }

  NativeMemory memory() {
    return memory;
  }

  int at(int index) {
    return base + index * HEADER;
  }

  private int addressAt(int index) {
    return addresses + index * SocketAddress.BYTES;
  }

  private int controlAt(int index) {
    return controls + index * CONTROL;
  }
}
