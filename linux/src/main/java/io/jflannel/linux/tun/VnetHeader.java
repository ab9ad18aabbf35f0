// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import java.nio.ByteBuffer;

/**
 * {@code struct virtio_net_hdr} (linux/virtio_net.h) as a TUN device speaks it, in the machine's
 * byte order: what is left to do for the packet behind it.
 *
 * <pre>
 * 0 flags (1: checksum)   1 type of segments   2 length of headers   4 size of a segment
 * 6 where the checksum begins   8 where, from there, it is put
 * </pre>
 */
public final class VnetHeader {

  /** In front of a packet. */
  public static final int BYTES = 10;

  /** No segments: one packet. */
  public static final int NONE = 0;

  /** Segments of TCP over IPv4. */
  public static final int TCP4 = 1;

  /** Segments of UDP (over either family): one datagram each, unlike UFO's fragments. */
  public static final int UDP = 5;

  private static final int NEEDS_CHECKSUM = 1;

  /** Set in the type: some segment carries the flag CWR. */
  private static final int ECN = 0x80;

  private VnetHeader() {}

  /** The packet behind is complete. */
  public static void complete(NativeMemory memory, int at) {
    memory.host().putLong(at, 0).putShort(at + 8, (short) 0);
  }

  /**
   * The packet behind is several, with a checksum of only the pseudo header.
   *
   * @param type {@link #TCP4} or {@link #UDP}
   * @param headers bytes of all headers
   * @param size bytes of payload of each segment but the last
   * @param start from the packet's beginning to what the checksum covers
   * @param field from there to the checksum
   */
  public static void segmented(
      NativeMemory memory, int at, int type, int headers, int size, int start, int field) {
    ByteBuffer host = memory.host();
    host.put(at, (byte) NEEDS_CHECKSUM);
    host.put(at + 1, (byte) type);
    host.putShort(at + 2, (short) headers);
    host.putShort(at + 4, (short) size);
    host.putShort(at + 6, (short) start);
    host.putShort(at + 8, (short) field);
  }

  /** Whether the checksum is that of the pseudo header only. */
  public static boolean needsChecksum(NativeMemory memory, int at) {
    return (memory.host().get(at) & NEEDS_CHECKSUM) != 0;
  }

  /** {@link #NONE}, {@link #TCP4}, {@link #UDP} or another of VIRTIO_NET_HDR_GSO_*. */
  public static int type(NativeMemory memory, int at) {
    return memory.host().get(at + 1) & 0xff & ~ECN;
  }

  /** Bytes of payload of each segment but the last, 0..65535. */
  public static int size(NativeMemory memory, int at) {
    return Short.toUnsignedInt(memory.host().getShort(at + 4));
  }

  /** From the packet's beginning to what the checksum covers, 0..65535. */
  public static int checksumStart(NativeMemory memory, int at) {
    return Short.toUnsignedInt(memory.host().getShort(at + 6));
  }

  /** From {@link #checksumStart} to the checksum, 0..65535. */
  public static int checksumField(NativeMemory memory, int at) {
    return Short.toUnsignedInt(memory.host().getShort(at + 8));
  }
}
