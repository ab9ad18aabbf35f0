// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.Memory;
import io.jflannel.linux.tun.SendBatch;
import io.jflannel.linux.tun.TunDevice;

/**
 * Turns packets from the TUN device into datagrams of a {@link SendBatch}, without I/O. Datagrams
 * of one size to one host that follow each other become one message; a shorter one closes it, so
 * that the order within a flow stays.
 */
final class Outgoing {

  /** What the kernel takes in one message (UDP_MAX_SEGMENTS). */
  private static final int MOST_DATAGRAMS = 64;

  /** What one UDP datagram over IPv4 can carry, and so one message. */
  private static final int LARGEST_MESSAGE = 65_507;

  /** VIRTIO_NET_HDR_F_NEEDS_CSUM and VIRTIO_NET_HDR_GSO_* of linux/virtio_net.h. */
  private static final int NEEDS_CHECKSUM = 1;

  private static final int GSO_NONE = 0;
  private static final int GSO_TCPV4 = 1;
  private static final int GSO_UDP_L4 = 5;
  private static final int GSO_ECN = 0x80;

  /** The largest headers of a segment: 60 bytes of IP, 60 of TCP. */
  private static final int HEADERS = 128;

  private final Memory memory;
  private final SendBatch batch;
  private boolean cuts;
  private final int headers;
  private final int headerCount;
  private final Tally tally;
  private final Runnable flush;

  private int headersUsed;
  private int host;
  private int size;
  private int total;
  private boolean closed = true;

  /**
   * @param cuts whether the kernel cuts messages of several datagrams
   * @param headers where headers of segments may be written
   * @param headerCount how many, 128 bytes each
   * @param flush sends and clears the batch; called when it is full
   */
  Outgoing(
      Memory memory,
      SendBatch batch,
      boolean cuts,
      int headers,
      int headerCount,
      Tally tally,
      Runnable flush) {
    this.memory = memory;
    this.batch = batch;
    this.cuts = cuts;
    this.headers = headers;
    this.headerCount = headerCount;
    this.tally = tally;
    this.flush = flush;
  }

  /** How much memory the headers take. */
  static int space(int headerCount) {
    return headerCount * HEADERS;
  }

  /** The batch was cleared. The header of a segment that is about to be added stays. */
  void cleared() {
    closed = true;
  }

  /** Nothing that was made so far is needed any more. */
  void rewind() {
    headersUsed = 0;
  }

  /** The device that messages leave by cannot cut them, nor can the kernel for it. */
  void cutNoMore() {
    cuts = false;
  }

  /** A packet that is whole, to a host. */
  void packet(int at, int length, int to) {
    add(to, at, length, 0, 0);
  }

  /**
   * A packet with a header in front of it that says what the kernel has left to do.
   *
   * @param header of {@link TunDevice#HEADER} bytes
   */
  void packet(int header, int at, int length, int to) {
    int type = memory.u8(header + 1) & ~GSO_ECN;
    if (type == GSO_NONE) {
      if ((memory.u8(header) & NEEDS_CHECKSUM) == 0
          || finishChecksum(at, length, memory.native16(header + 6), memory.native16(header + 8))) {
        add(to, at, length, 0, 0);
      } else {
        tally.dropped(Drop.MALFORMED, 1);
      }
    } else if (!split(at, length, memory.native16(header + 4), type, to)) {
      tally.dropped(Drop.MALFORMED, 1);
    }
  }

  /**
   * The field holds the sum of the pseudo header.
   *
   * @param start where the checksum begins, from the packet's begin
   * @param field where it goes, from there
   */
  private boolean finishChecksum(int at, int length, int start, int field) {
    if (start + field + 2 > length || start < Ipv4.LEAST_HEADER) {
      return false;
    }
    int checksum = ~Checksum.fold(Checksum.sum(memory, at + start, length - start)) & 0xffff;
    boolean udp = memory.u8(at + Ipv4.PROTOCOL) == Ipv4.UDP;
    memory.putNative16(at + start + field, udp && checksum == 0 ? 0xffff : checksum);
    return true;
  }

  /**
   * Cuts a large packet as a network card would: headers are made for each segment, what they carry
   * stays where it is.
   *
   * @param each how much of the payload each takes
   * @return false if the packet contradicts itself
   */
  private boolean split(int at, int length, int each, int type, int to) {
    boolean tcp = type == GSO_TCPV4;
    int ip = Ipv4.header(memory, at);
    int least = ip + (tcp ? 20 : 8);
    if (each <= 0
        || length < least
        || !(tcp || type == GSO_UDP_L4)
        || memory.u8(at + Ipv4.PROTOCOL) != (tcp ? Ipv4.TCP : Ipv4.UDP)) {
      return false;
    }
    int header = tcp ? ip + (memory.u8(at + ip + 12) >> 4) * 4 : least;
    if (header < least || header > length) {
      return false;
    }
    if (length == header) {
      return finishChecksum(at, length, ip, tcp ? 16 : 6) && whole(to, at, length);
    }
    return tcp ? splitTcp(at, length, ip, header, each, to) : splitUdp(at, length, ip, each, to);
  }

  private boolean whole(int to, int at, int length) {
    add(to, at, length, 0, 0);
    return true;
  }

  private boolean splitTcp(int at, int length, int ip, int header, int each, int to) {
    int id = memory.u16(at + Ipv4.ID);
    int sequence = memory.i32(at + ip + 4);
    int flags = memory.u8(at + ip + 13);
    memory.putNative16(at + ip + 16, 0);
    for (int from = header, i = 0; from < length; from += each, i++) {
      int payload = Math.min(each, length - from);
      int segment = nextHeader();
      memory.copy(at, segment, header);
      memory.put16(segment + Ipv4.ID, id + i);
      Ipv4.setLength(memory, segment, header + payload);
      memory.put32(segment + ip + 4, sequence + from - header);
      memory.put8(segment + ip + 13, flagsOf(flags, i == 0, from + each >= length));
      long sum =
          Checksum.pseudo(memory, segment, header - ip + payload)
              + Checksum.sum(memory, segment + ip, header - ip)
              + Checksum.sum(memory, at + from, payload);
      memory.putNative16(segment + ip + 16, ~Checksum.fold(sum));
      add(to, segment, header, at + from, payload);
    }
    return true;
  }

  /** FIN and PSH belong to the last segment, CWR to the first. */
  private static int flagsOf(int flags, boolean first, boolean last) {
    return flags & (last ? 0xff : ~0x09) & (first ? 0xff : ~0x80);
  }

  private boolean splitUdp(int at, int length, int ip, int each, int to) {
    int header = ip + 8;
    int id = memory.u16(at + Ipv4.ID);
    memory.putNative16(at + ip + 6, 0);
    for (int from = header, i = 0; from < length; from += each, i++) {
      int payload = Math.min(each, length - from);
      int segment = nextHeader();
      memory.copy(at, segment, header);
      memory.put16(segment + Ipv4.ID, id + i);
      Ipv4.setLength(memory, segment, header + payload);
      memory.put16(segment + ip + 4, 8 + payload);
      long sum =
          Checksum.pseudo(memory, segment, 8 + payload)
              + Checksum.sum(memory, segment + ip, 8)
              + Checksum.sum(memory, at + from, payload);
      int checksum = ~Checksum.fold(sum) & 0xffff;
      memory.putNative16(segment + ip + 6, checksum == 0 ? 0xffff : checksum);
      add(to, segment, header, at + from, payload);
    }
    return true;
  }

  private int nextHeader() {
    if (headersUsed == headerCount) {
      flush.run();
      headersUsed = 0;
    }
    return headers + headersUsed++ * HEADERS;
  }

  /** A datagram in one piece or two. */
  private void add(int to, int at, int length, int nextAt, int nextLength) {
    int bytes = length + nextLength;
    if (!joins(to, bytes)) {
      if (!batch.hasRoom()) {
        flush.run();
      }
      batch.begin(to, bytes);
      host = to;
      size = bytes;
      total = 0;
      closed = false;
    }
    if (nextLength > 0) {
      batch.add(at, length, nextAt, nextLength);
    } else {
      batch.add(at, length);
    }
    total += bytes;
    closed = bytes < size;
  }

  private boolean joins(int to, int bytes) {
    return cuts
        && !closed
        && to == host
        && bytes <= size
        && total + bytes <= LARGEST_MESSAGE
        && batch.datagrams(batch.messages() - 1) < MOST_DATAGRAMS
        && batch.hasRoomForPieces();
  }
}
