// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.VnetHeader;
import java.nio.ByteBuffer;

/**
 * Cuts a super-packet, as the kernel gives it for TCP segmentation and UDP segmentation offload,
 * into the packets that it stands for. Pure. The payload stays where it is; only headers are
 * written.
 *
 * <pre>
 * super-packet   [IP|TCP|payload ....................]
 * segments       [IP|TCP]  [IP|TCP]  [IP|TCP]           written where the caller wants them
 *                   +payload  +payload  +payload        in the super-packet
 * </pre>
 *
 * In use: {@link #begin}, then {@link #write} for each segment in any order.
 */
final class Segmentation {

  /** No header of IPv4 with TCP or UDP is longer. */
  static final int LONGEST_HEADER = 120;

  private static final int TCP_HEADER = 20;
  private static final int UDP_HEADER = 8;
  private static final int CWR = 0x80;

  /** FIN and PSH: of the last segment only. */
  private static final int OF_THE_LAST = 0x09;

  private final NativeMemory memory;
  private final ByteBuffer network;
  private int at;
  private boolean tcp;
  private int transport;
  private int header;
  private int payload;
  private int size;
  private int identification;
  private int sequence;
  private int flags;

  /** Sums of the headers with zero in all that differs between segments. */
  private long networkSum;

  private long transportSum;

  Segmentation(NativeMemory memory) {
    this.memory = memory;
    this.network = memory.network();
  }

  /**
   * Looks at a super-packet, whose headers are not to be used any more.
   *
   * @param at the packet, admitted by {@link Admission#ofTun}
   * @param type {@link VnetHeader#TCP4} or {@link VnetHeader#UDP}
   * @param size bytes of payload of each segment but the last
   * @return how many segments it is; 0 if it is not what it should be
   */
  int begin(int at, int length, int type, int size) {
    this.at = at;
    this.size = size;
    tcp = type == VnetHeader.TCP4;
    transport = Ipv4.headerLength(network, at);
    int protocol = Ipv4.protocol(network, at);
    boolean known = tcp ? protocol == Ipv4.TCP : type == VnetHeader.UDP && protocol == Ipv4.UDP;
    int least = transport + (tcp ? TCP_HEADER : UDP_HEADER);
    boolean fragment = (Ipv4.fragment(network, at) & Ipv4.FRAGMENTED) != 0;
    if (!known || size == 0 || length < least || fragment) {
      return 0;
    }
    header = tcp ? transport + (network.get(at + transport + 12) >> 4 & 0xf) * 4 : least;
    payload = length - header;
    if (header < least || payload <= 0) {
      return 0;
    }
    remember();
    return (payload + size - 1) / size;
  }

  private void remember() {
    identification = Ipv4.identification(network, at);
    network.putShort(at + 2, (short) 0);
    network.putShort(at + 4, (short) 0);
    network.putShort(at + 10, (short) 0);
    int segment = at + transport;
    if (tcp) {
      sequence = network.getInt(segment + 4);
      flags = network.get(segment + 13) & 0xff;
      network.putInt(segment + 4, 0);
      network.put(segment + 13, (byte) 0);
      network.putShort(segment + 16, (short) 0);
    } else {
      network.putInt(segment + 4, 0); // length and checksum
    }
    networkSum = Checksum.sum(memory, at, transport);
    transportSum =
        Checksum.pseudoHeader(network, at, 0) + Checksum.sum(memory, segment, header - transport);
  }

  /** Bytes of the headers of each segment. */
  int headerLength() {
    return header;
  }

  /** Where the payload of a segment is. */
  int payloadAt(int segment) {
    return at + header + segment * size;
  }

  /** How long it is: 1..size. */
  int payloadLength(int segment) {
    return Math.min(size, payload - segment * size);
  }

  /** Writes the headers of a segment, complete with checksums. */
  void write(int segment, int into) {
    network.put(into, network, at, header);
    int own = payloadLength(segment);
    int length = header + own;
    int number = identification + segment & 0xffff;
    network.putShort(into + 2, (short) length);
    network.putShort(into + 4, (short) number);
    network.putShort(into + 10, Checksum.complement(networkSum + length + number));
    long sum = transportSum + (length - transport) + Checksum.sum(memory, payloadAt(segment), own);
    if (tcp) {
      writeTcp(segment, into + transport, sum);
    } else {
      writeUdp(into + transport, length - transport, sum);
    }
  }

  private void writeTcp(int segment, int into, long sum) {
    int number = sequence + segment * size;
    boolean last = (segment + 1) * size >= payload;
    int own = (last ? flags : flags & ~OF_THE_LAST) & (segment == 0 ? 0xff : ~CWR);
    network.putInt(into + 4, number);
    network.put(into + 13, (byte) own);
    long all = sum + Integer.toUnsignedLong(number) + own;
    network.putShort(into + 16, Checksum.complement(all));
  }

  private void writeUdp(int into, int length, long sum) {
    network.putShort(into + 4, (short) length);
    network.putShort(into + 6, udpChecksum(sum + length));
  }

  /** Zero means "none" in UDP (RFC 768), so the other zero is sent. */
  static short udpChecksum(long sum) {
    short checksum = Checksum.complement(sum);
    return checksum == 0 ? (short) 0xffff : checksum;
  }
}
