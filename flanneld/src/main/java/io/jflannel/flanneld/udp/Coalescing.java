// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.flanneld.udp.SuperPacket.Kind;
import io.jflannel.linux.tun.IoVectors;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.VnetHeader;
import java.nio.ByteBuffer;

/**
 * Joins the packets of a batch that follow each other in their flows to super-packets, of which the
 * kernel could make the same packets again. Pure; the payload stays where it is.
 *
 * <p>As the kernel's own GRO does it (net/ipv4/tcp_offload.c): joined is only what is right, down
 * to its checksum, for a super-packet gets a new one; and what differs in nothing but sequence
 * number, identification, PSH and FIN. What cannot be joined stays between what was before and
 * after it in its flow. Fragments and other protocols pass by themselves.
 *
 * <p>In use: {@link #add} until {@link #full}, {@link #seal} and write each, {@link #clear}.
 */
final class Coalescing {

  /** Packets, joined or not, in one batch. */
  static final int MOST = 512;

  /** Pieces of a super-packet: what stands before it, the first packet, other payloads. */
  static final int MOST_PIECES = 136;

  private static final int LONGEST = 65535;

  /** Bytes for what stands before a packet. */
  private static final int VNET_SLOT = 16;

  /** What the kernel accepts from a TUN: UDP_MAX_SEGMENTS (linux/udp.h) before Linux 6.9. */
  private static final int MOST_DATAGRAMS = 64;

  /** So far back the packet before is looked for: as many flows may take turns. */
  private static final int WINDOW = 24;

  private static final int FIN_PSH = 0x09;
  private static final int TCP_HEADER = 20;

  private final NativeMemory memory;
  private final ByteBuffer network;
  private final FlowKey key;
  private final IoVectors pieces;
  private final int vnetHeaders;
  private final SuperPacket[] packets = new SuperPacket[MOST];
  private int count;
  private boolean tcp = true;
  private boolean udp;

  /**
   * @param udp whether datagrams of UDP may be joined, too
   */
  Coalescing(NativeMemory memory, boolean udp) {
    this.memory = memory;
    this.network = memory.network();
    this.udp = udp;
    this.key = new FlowKey(memory);
    this.pieces = new IoVectors(memory, memory.take(IoVectors.bytes(MOST * MOST_PIECES)));
    this.vnetHeaders = memory.take(VNET_SLOT * MOST);
    for (int i = 0; i < MOST; i++) {
      packets[i] = new SuperPacket();
    }
  }

  boolean full() {
    return count == MOST;
  }

  int count() {
    return count;
  }

  SuperPacket packet(int index) {
    return packets[index];
  }

  IoVectors pieces() {
    return pieces;
  }

  /** The first piece of a packet: what stands before it on the TUN. */
  int firstPiece(int index) {
    return index * MOST_PIECES;
  }

  /** With what stands before it. */
  int pieceCount(int index) {
    return 1 + packets[index].packets;
  }

  void clear() {
    count = 0;
  }

  /** Takes a packet in, admitted by {@link Admission#ofPeer}, when not {@link #full}. */
  void add(int at, int length) {
    key.read(at, length, tcp, udp);
    if (!joined(at, length)) {
      begin(at, length);
    }
  }

  private boolean joined(int at, int length) {
    if (key.kind == Kind.ALONE) {
      return false;
    }
    int last = Math.max(0, count - WINDOW);
    for (int i = count - 1; i >= last; i--) {
      SuperPacket before = packets[i];
      if (before.kind != Kind.ALONE
          && before.sameFlow(key.source, key.destination, key.protocol, key.ports)) {
        return mayFollow(before, at, length) && verified(before, at, length) && join(i, at, length);
      }
    }
    return false;
  }

  private boolean mayFollow(SuperPacket before, int at, int length) {
    int payload = length - key.header;
    int most = before.kind == Kind.UDP ? MOST_DATAGRAMS : MOST_PIECES - 2;
    return before.kind == key.kind
        && key.kind != Kind.BARRIER
        && !before.closed
        && before.header == key.header
        && payload <= before.size
        && before.length + payload <= LONGEST
        && before.packets < most
        && sameNetworkHeader(before, at)
        && (key.kind == Kind.UDP || sameTransportHeader(before, at));
  }

  /** Type of service, time to live, flags; and identifications run on where they matter. */
  private boolean sameNetworkHeader(SuperPacket before, int at) {
    int fragment = Ipv4.fragment(network, at);
    boolean whole = (fragment & Ipv4.DONT_FRAGMENT) != 0;
    return network.getShort(before.at) == network.getShort(at)
        && Ipv4.timeToLive(network, before.at) == Ipv4.timeToLive(network, at)
        && Ipv4.fragment(network, before.at) == fragment
        && (whole || before.nextIdentification == Ipv4.identification(network, at));
  }

  /** Sequence, acknowledgement, window, flags but FIN and PSH, urgent pointer, options. */
  private boolean sameTransportHeader(SuperPacket before, int at) {
    int one = before.at + Ipv4.HEADER;
    int other = at + Ipv4.HEADER;
    boolean same =
        before.nextSequence == network.getInt(other + 4)
            && network.getInt(one + 8) == network.getInt(other + 8)
            && ((before.flags ^ key.flags) & ~FIN_PSH) == 0
            && network.getShort(one + 14) == network.getShort(other + 14)
            && network.getShort(one + 18) == network.getShort(other + 18);
    for (int i = TCP_HEADER; same && i < key.header - Ipv4.HEADER; i += 4) {
      same = network.getInt(one + i) == network.getInt(other + i);
    }
    return same;
  }

  /** Looks at the checksums of both, as a wrong one would become right by joining. */
  private boolean verified(SuperPacket before, int at, int length) {
    if (!before.verified) {
      before.verified = right(before.at, before.length);
      before.closed |= !before.verified;
    }
    return before.verified && right(at, length);
  }

  private boolean right(int at, int length) {
    int segment = length - Ipv4.HEADER;
    long sum = Checksum.pseudoHeader(network, at, segment);
    return Checksum.fold(sum + Checksum.sum(memory, at + Ipv4.HEADER, segment)) == Checksum.RIGHT;
  }

  private boolean join(int index, int at, int length) {
    SuperPacket packet = packets[index];
    int payload = length - key.header;
    pieces.set(firstPiece(index) + 1 + packet.packets, at + key.header, payload);
    packet.packets++;
    packet.length += payload;
    packet.nextSequence += payload;
    packet.nextIdentification = packet.nextIdentification + 1 & 0xffff;
    packet.flags |= key.flags & FIN_PSH;
    packet.closed = payload < packet.size || (key.flags & FIN_PSH) != 0;
    return true;
  }

  private void begin(int at, int length) {
    SuperPacket packet = packets[count];
    packet.kind = key.kind;
    packet.at = at;
    packet.header = key.header;
    packet.size = length - key.header;
    packet.length = length;
    packet.packets = 1;
    packet.source = key.source;
    packet.destination = key.destination;
    packet.protocol = key.protocol;
    packet.ports = key.ports;
    packet.flags = key.flags;
    packet.ownFlags = key.flags;
    packet.nextSequence = key.sequence + packet.size;
    packet.nextIdentification = Ipv4.identification(network, at) + 1 & 0xffff;
    packet.verified = false;
    packet.closed = (key.flags & FIN_PSH) != 0;
    pieces.set(firstPiece(count) + 1, at, length);
    count++;
  }

  /** Makes a packet ready to be written: what stands before it and, if it is joined, headers. */
  void seal(int index) {
    SuperPacket packet = packets[index];
    int vnet = vnetHeaders + VNET_SLOT * index;
    pieces.set(firstPiece(index), vnet, VnetHeader.BYTES);
    VnetHeader.complete(memory, vnet);
    if (packet.packets > 1) {
      int field = packet.kind == Kind.TCP ? 16 : 6;
      int type = packet.kind == Kind.TCP ? VnetHeader.TCP4 : VnetHeader.UDP;
      VnetHeader.segmented(memory, vnet, type, packet.header, packet.size, Ipv4.HEADER, field);
      packet.ownChecksum = network.getShort(packet.at + Ipv4.HEADER + field);
      // the kernel goes on from the sum of the pseudo header
      int length = packet.length - Ipv4.HEADER;
      int partial = Checksum.fold(Checksum.pseudoHeader(network, packet.at, length));
      writeHeaders(packet, packet.length, packet.flags, partial);
    }
  }

  /**
   * Makes one of the packets of a sealed super-packet ready to be written by itself, as two pieces
   * from the {@link #firstPiece} on: the kernel has refused them together. From the first to the
   * last, each once.
   */
  void unjoin(int index, int number) {
    SuperPacket packet = packets[index];
    int first = firstPiece(index);
    if (number == 0) {
      VnetHeader.complete(memory, vnetHeaders + VNET_SLOT * index);
      writeHeaders(packet, packet.header + packet.size, packet.ownFlags, packet.ownChecksum);
      pieces.set(first + 1, packet.at, packet.header + packet.size);
    } else {
      // headers are still before the payload, as they came
      int payload = first + 1 + number;
      int at = pieces.offset(payload) - packet.header;
      pieces.set(first + 1, at, packet.header + pieces.length(payload));
    }
  }

  private void writeHeaders(SuperPacket packet, int length, int flags, int checksum) {
    network.putShort(packet.at + 2, (short) length);
    Ipv4.seal(memory, packet.at);
    int segment = packet.at + Ipv4.HEADER;
    if (packet.kind == Kind.TCP) {
      network.put(segment + 13, (byte) flags);
      network.putShort(segment + 16, (short) checksum);
    } else {
      network.putShort(segment + 4, (short) (length - Ipv4.HEADER));
      network.putShort(segment + 6, (short) checksum);
    }
  }

  /** Joins none of a kind from now on. */
  void leaveApart(Kind kind) {
    tcp &= kind != Kind.TCP;
    udp &= kind != Kind.UDP;
  }
}
