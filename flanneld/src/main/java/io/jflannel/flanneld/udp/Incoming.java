// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.Memory;
import io.jflannel.linux.tun.Pieces;
import io.jflannel.linux.tun.TunDevice;

/**
 * Puts packets that have arrived together, so that fewer and larger ones are written to the TUN
 * device, without I/O. What is put together is cut again by the kernel, if it must be, into the
 * same packets: so only TCP segments and UDP datagrams of one flow that follow each other without a
 * difference that this would lose. Their checksums are verified before, as those of a large packet
 * are made anew. Within a flow the order stays.
 */
final class Incoming {

  private static final int NEEDS_CHECKSUM = 1;
  private static final int GSO_TCPV4 = 1;
  private static final int GSO_UDP_L4 = 5;

  /** The kernel refuses larger UDP packets (UDP_MAX_SEGMENTS). */
  private static final int MOST_UDP = 64;

  private static final int MOST_TCP = 128;

  /** A header, the first packet and what follows. */
  private static final int PIECES = MOST_TCP + 2;

  /** So far back a flow's last packet is looked for. */
  private static final int NEAR = 24;

  private static final int IP = Ipv4.LEAST_HEADER;
  private static final int TCP_HEADER = 20;
  private static final int FIN = 0x01;
  private static final int PSH = 0x08;
  private static final int ACK = 0x10;
  private static final int ECE = 0x40;

  /** What a packet is to those that follow. */
  private enum Kind {
    /** No TCP or UDP that we know: passes by itself. */
    OTHER,
    TCP,
    UDP,
    /** A barrier in its flow. */
    LONE_TCP,
    LONE_UDP;

    private boolean isOfFlow(Kind other) {
      return switch (this) {
        case OTHER -> false;
        case TCP, LONE_TCP -> other == TCP || other == LONE_TCP;
        case UDP, LONE_UDP -> other == UDP || other == LONE_UDP;
      };
    }
  }

  private final Memory memory;
  private final int headers;
  private final boolean tcp;
  private final boolean udp;
  private final Pieces pieces;
  private final int capacity;

  private int count;
  private final Kind[] kind;
  private final int[] at;
  private final int[] header;
  private final int[] length;
  private final int[] payload;
  private final int[] packets;
  private final int[] nextSequence;
  private final int[] nextId;
  private final boolean[] closed;
  private final boolean[] verified;

  /**
   * @param headers where the device's headers are written, {@link #space} bytes
   * @param capacity how many packets there may be between two calls of {@link #clear}
   * @param tcp whether TCP segments are put together
   * @param udp whether UDP datagrams are
   */
  Incoming(Memory memory, int headers, int capacity, boolean tcp, boolean udp) {
    this.memory = memory;
    this.headers = headers;
    this.capacity = capacity;
    this.tcp = tcp;
    this.udp = udp;
    pieces = new Pieces(memory, capacity * PIECES);
    kind = new Kind[capacity];
    at = new int[capacity];
    header = new int[capacity];
    length = new int[capacity];
    payload = new int[capacity];
    packets = new int[capacity];
    nextSequence = new int[capacity];
    nextId = new int[capacity];
    closed = new boolean[capacity];
    verified = new boolean[capacity];
  }

  /** How much memory the headers take. */
  static int space(int capacity) {
    return capacity * TunDevice.HEADER;
  }

  void clear() {
    count = 0;
  }

  boolean isFull() {
    return count == capacity;
  }

  int count() {
    return count;
  }

  /** How many packets one that is to be written consists of. */
  int packets(int index) {
    return packets[index];
  }

  /** Its length in bytes. */
  int length(int index) {
    return length[index];
  }

  /** Takes a whole packet, with its time to live as it shall be. */
  void add(int packet, int size) {
    Kind what = kind(packet, size);
    if (what != Kind.OTHER) {
      int last = lastOfFlow(packet, what);
      if (last >= 0 && kind[last] == what && !closed[last] && merge(last, packet, size)) {
        return;
      }
    }
    begin(packet, size, what);
  }

  private Kind kind(int packet, int size) {
    int protocol = memory.u8(packet + Ipv4.PROTOCOL);
    if (memory.u8(packet) != 0x45 || Ipv4.isFragment(memory, packet)) {
      return Kind.OTHER;
    }
    if (tcp && protocol == Ipv4.TCP && size >= IP + TCP_HEADER) {
      int headers = IP + tcpHeader(packet);
      boolean data =
          tcpHeader(packet) >= TCP_HEADER
              && headers < size
              && (tcpFlags(packet) & ~(FIN | PSH | ECE)) == ACK
              && (memory.u8(packet + IP + 12) & 15) == 0;
      return data ? Kind.TCP : Kind.LONE_TCP;
    }
    if (udp && protocol == Ipv4.UDP && size >= IP + 8) {
      boolean data =
          size > IP + 8
              && memory.u16(packet + IP + 4) == size - IP
              && memory.native16(packet + IP + 6) != 0;
      return data ? Kind.UDP : Kind.LONE_UDP;
    }
    return Kind.OTHER;
  }

  private int tcpHeader(int packet) {
    return (memory.u8(packet + IP + 12) >> 4) * 4;
  }

  private int tcpFlags(int packet) {
    return memory.u8(packet + IP + 13);
  }

  /** The last packet of the same addresses and ports; negative if there is none near. */
  private int lastOfFlow(int packet, Kind what) {
    for (int i = count - 1; i >= Math.max(0, count - NEAR); i--) {
      if (what.isOfFlow(kind[i])
          && memory.native32(at[i] + IP) == memory.native32(packet + IP)
          && memory.native32(at[i] + Ipv4.SOURCE) == memory.native32(packet + Ipv4.SOURCE)
          && memory.native32(at[i] + Ipv4.DESTINATION)
              == memory.native32(packet + Ipv4.DESTINATION)) {
        return i;
      }
    }
    return -1;
  }

  private void begin(int packet, int size, Kind what) {
    int i = count++;
    kind[i] = what;
    at[i] = packet;
    length[i] = size;
    packets[i] = 1;
    verified[i] = false;
    header[i] = what == Kind.TCP ? IP + tcpHeader(packet) : IP + 8;
    payload[i] = size - header[i];
    closed[i] = what == Kind.TCP && (tcpFlags(packet) & (FIN | PSH)) != 0;
    if (what == Kind.TCP) {
      nextSequence[i] = memory.i32(packet + IP + 4) + payload[i];
    }
    nextId[i] = memory.u16(packet + Ipv4.ID) + 1;
    pieces.set(i * PIECES + 1, packet, size);
  }

  private boolean merge(int i, int packet, int size) {
    int more = size - header[i];
    if (!fits(i, packet, size, more) || !isSame(i, packet)) {
      return false;
    }
    if (!verified[i]) {
      verified[i] = isRight(at[i], header[i] + payload[i]);
      if (!verified[i]) {
        closed[i] = true;
        return false;
      }
    }
    if (!isRight(packet, size)) {
      return false;
    }
    if (kind[i] == Kind.TCP) {
      int last = tcpFlags(packet) & (FIN | PSH);
      memory.put8(at[i] + IP + 13, tcpFlags(at[i]) | last);
      closed[i] = last != 0;
      nextSequence[i] += more;
    }
    closed[i] |= more < payload[i];
    nextId[i]++;
    length[i] += more;
    pieces.set(i * PIECES + 1 + packets[i], packet + header[i], more);
    packets[i]++;
    return true;
  }

  private boolean fits(int i, int packet, int size, int more) {
    boolean tcpPacket = kind[i] == Kind.TCP;
    return more > 0
        && more <= payload[i]
        && length[i] + more <= Ipv4.LARGEST
        && packets[i] < (tcpPacket ? MOST_TCP : MOST_UDP)
        && (!tcpPacket || IP + tcpHeader(packet) == header[i])
        && size > header[i];
  }

  /** Whether all that a large packet has only once is the same. */
  private boolean isSame(int i, int packet) {
    int first = at[i];
    boolean sameIp =
        memory.u8(first + 1) == memory.u8(packet + 1) // type of service
            && memory.u8(first + Ipv4.TTL) == memory.u8(packet + Ipv4.TTL)
            && (memory.u8(first + Ipv4.FRAGMENT) & 0xe0)
                == (memory.u8(packet + Ipv4.FRAGMENT) & 0xe0)
            && (Ipv4.mustNotBeFragmented(memory, packet)
                || (nextId[i] & 0xffff) == memory.u16(packet + Ipv4.ID));
    return sameIp && (kind[i] != Kind.TCP || isSameTcp(i, first, packet));
  }

  private boolean isSameTcp(int i, int first, int packet) {
    boolean same =
        memory.i32(packet + IP + 4) == nextSequence[i]
            && memory.native32(first + IP + 8) == memory.native32(packet + IP + 8) // acknowledged
            && ((tcpFlags(first) ^ tcpFlags(packet)) & ~(FIN | PSH)) == 0
            && memory.native16(first + IP + 14) == memory.native16(packet + IP + 14) // window
            && memory.native16(first + IP + 18) == memory.native16(packet + IP + 18); // urgent
    for (int option = IP + TCP_HEADER; same && option < header[i]; option += 4) {
      same = memory.native32(first + option) == memory.native32(packet + option);
    }
    return same;
  }

  private boolean isRight(int packet, int size) {
    return Checksum.fold(
            Checksum.pseudo(memory, packet, size - IP)
                + Checksum.sum(memory, packet + IP, size - IP))
        == 0xffff;
  }

  /**
   * Writes the headers of one that is to be written.
   *
   * @return its pieces, {@link #pieceCount} of them from {@link #firstPiece}
   */
  Pieces finished(int index) {
    int device = headers + index * TunDevice.HEADER;
    memory.clear(device, TunDevice.HEADER);
    if (packets[index] > 1) {
      boolean segments = kind[index] == Kind.TCP;
      int packet = at[index];
      Ipv4.setLength(memory, packet, length[index]);
      if (!segments) {
        memory.put16(packet + IP + 4, length[index] - IP);
      }
      int field = segments ? 16 : 6;
      memory.putNative16(
          packet + IP + field, Checksum.fold(Checksum.pseudo(memory, packet, length[index] - IP)));
      memory.put8(device, NEEDS_CHECKSUM);
      memory.put8(device + 1, segments ? GSO_TCPV4 : GSO_UDP_L4);
      memory.putNative16(device + 2, header[index]);
      memory.putNative16(device + 4, payload[index]);
      memory.putNative16(device + 6, IP);
      memory.putNative16(device + 8, field);
    }
    pieces.set(index * PIECES, device, TunDevice.HEADER);
    return pieces;
  }

  int firstPiece(int index) {
    return index * PIECES;
  }

  int pieceCount(int index) {
    return packets[index] + 1;
  }

  /** Where the first of its packets is. */
  int at(int index) {
    return at[index];
  }
}
