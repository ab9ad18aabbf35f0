// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.flanneld.udp.SuperPacket.Kind;
import io.jflannel.linux.tun.NativeMemory;
import java.nio.ByteBuffer;

/** What a packet is to {@link Coalescing}: its flow, and whether it may be joined. Mutable. */
final class FlowKey {

  private static final int TCP_HEADER = 20;
  private static final int UDP_HEADER = 8;
  private static final int ACK = 0x10;

  /** FIN, PSH and ECE: flags that a segment may have beside ACK and still be joined. */
  private static final int HARMLESS = 0x49;

  private final ByteBuffer network;

  Kind kind = Kind.ALONE;
  int source;
  int destination;
  int protocol;
  long ports;

  /** Bytes of all headers, if it may be joined. */
  int header;

  /** Of TCP. */
  int flags;

  int sequence;

  FlowKey(NativeMemory memory) {
    this.network = memory.network();
  }

  /**
   * Reads the headers of a packet.
   *
   * @param tcp whether TCP is joined at all
   * @param udp whether UDP is
   */
  void read(int at, int length, boolean tcp, boolean udp) {
    source = Ipv4.source(network, at);
    destination = Ipv4.destination(network, at);
    protocol = Ipv4.protocol(network, at);
    ports = SuperPacket.ANY_PORTS;
    header = Ipv4.headerLength(network, at);
    flags = 0;
    sequence = 0;
    if (!(tcp && protocol == Ipv4.TCP || udp && protocol == Ipv4.UDP)) {
      kind = Kind.ALONE;
      return;
    }
    kind = Kind.BARRIER;
    boolean fragment = (Ipv4.fragment(network, at) & Ipv4.FRAGMENTED) != 0;
    if (header == Ipv4.HEADER && !fragment) {
      if (protocol == Ipv4.TCP) {
        readTcp(at + Ipv4.HEADER, length - Ipv4.HEADER);
      } else {
        readUdp(at + Ipv4.HEADER, length - Ipv4.HEADER);
      }
    }
  }

  private void readTcp(int at, int length) {
    if (length < TCP_HEADER) {
      return;
    }
    ports = Integer.toUnsignedLong(network.getInt(at));
    int own = (network.get(at + 12) >> 4 & 0xf) * 4;
    boolean reserved = (network.get(at + 12) & 0xf) != 0;
    int all = network.get(at + 13) & 0xff;
    if (own >= TCP_HEADER && own < length && !reserved && (all & ~HARMLESS) == ACK) {
      kind = Kind.TCP;
      header = Ipv4.HEADER + own;
      flags = all;
      sequence = network.getInt(at + 4);
    }
  }

  private void readUdp(int at, int length) {
    if (length <= UDP_HEADER) {
      return;
    }
    ports = Integer.toUnsignedLong(network.getInt(at));
    boolean whole = (network.getShort(at + 4) & 0xffff) == length;
    boolean summed = network.getShort(at + 6) != 0;
    if (whole && summed) {
      kind = Kind.UDP;
      header = Ipv4.HEADER + UDP_HEADER;
    }
  }
}
