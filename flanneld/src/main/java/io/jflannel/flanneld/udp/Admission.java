// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.net.Cidr;
import java.nio.ByteBuffer;

/**
 * Which packets pass. Pure.
 *
 * <p><b>Who may send which source.</b> A datagram carries no proof of its origin but its own source
 * address, so that address must be a peer's, and the inner source must be one that this peer may
 * use: inside the network, and not in the subnet of another peer nor in ours. So no peer speaks for
 * another's pods, nor for this host's. Addresses of the network that are in nobody's subnet pass:
 * gateways use such. Upstream checks neither (B28).
 *
 * <p><b>What the own kernel may send</b> is its routes' and its firewall's business: its sources
 * are not checked, so that a node which forwards for others works with peers of upstream as ever.
 */
final class Admission {

  private final int network;
  private final int networkMask;
  private final OwnSubnet own;

  Admission(Cidr network, OwnSubnet own) {
    this.networkMask = mask(network);
    this.network = network.ip().v4Bits() & networkMask;
    this.own = own;
  }

  static int mask(Cidr cidr) {
    return cidr.length() == 0 ? 0 : -1 << (32 - cidr.length());
  }

  /** Whether what the TUN gave is one IPv4 packet, or a super-packet. */
  Verdict ofTun(ByteBuffer packet, int at, int length) {
    Verdict form = form(packet, at, length);
    // what the kernel has made cannot be cut short
    return form == Verdict.TRUNCATED ? Verdict.MALFORMED : form;
  }

  /**
   * Whether one datagram of a peer may pass.
   *
   * @param sender the peer's public address
   */
  Verdict ofPeer(NativeMemory memory, int at, int length, int sender, ForwardingTable table) {
    ByteBuffer packet = memory.network();
    Verdict form = form(packet, at, length);
    if (form != Verdict.PASS) {
      return form;
    }
    if (Checksum.sum(memory, at, Ipv4.headerLength(packet, at)) != Checksum.RIGHT) {
      return Verdict.MALFORMED;
    }
    if (!mayUse(sender, Ipv4.source(packet, at), table)) {
      return Verdict.FOREIGN_SOURCE;
    }
    if (!inNetwork(Ipv4.destination(packet, at))) {
      return Verdict.FOREIGN_DESTINATION;
    }
    return ofTimeToLive(packet, at);
  }

  /** The sender has taken one from the time to live, and so do we; 0 does not wrap (B28). */
  static Verdict ofTimeToLive(ByteBuffer packet, int at) {
    return Ipv4.timeToLive(packet, at) <= 1 ? Verdict.TTL_EXPIRED : Verdict.PASS;
  }

  private static Verdict form(ByteBuffer packet, int at, int length) {
    if (length < 1) {
      return Verdict.TRUNCATED;
    }
    if (Ipv4.version(packet, at) != 4) {
      return Verdict.NOT_IPV4;
    }
    if (length < Ipv4.HEADER) {
      return Verdict.TRUNCATED;
    }
    int header = Ipv4.headerLength(packet, at);
    int total = Ipv4.totalLength(packet, at);
    if (header < Ipv4.HEADER || header > total || total < length) {
      return Verdict.MALFORMED;
    }
    return total > length ? Verdict.TRUNCATED : Verdict.PASS;
  }

  private boolean mayUse(int sender, int source, ForwardingTable table) {
    if (!inNetwork(source) || own.contains(source)) {
      return false;
    }
    int owner = table.nextHop(source);
    return owner == sender || owner == ForwardingTable.NONE;
  }

  private boolean inNetwork(int address) {
    return (address & networkMask) == network;
  }
}
