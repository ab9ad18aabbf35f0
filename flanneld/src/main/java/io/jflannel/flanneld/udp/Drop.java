// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** Why a packet goes no further. */
public enum Drop {
  /** From the TUN device: no IPv4, as what the kernel itself says over IPv6. */
  NOT_IPV4("not IPv4"),
  /** Lengths that contradict each other, or a checksum that cannot be finished. */
  MALFORMED("malformed"),
  /** A datagram larger than what was received of it. */
  TRUNCATED("truncated"),
  /** No peer has the destination; answered with ICMP "net unreachable" (backends.md 6.6). */
  NO_ROUTE("no route"),
  /** The time to live is over. */
  TTL("time to live over"),
  /** A datagram from a host that has no lease. */
  UNKNOWN_SENDER("unknown sender"),
  /** A datagram whose packet comes from, or goes to, an address outside the network. */
  OUTSIDE("outside the network"),
  /** The kernel refused to send. */
  NOT_SENT("not sent"),
  /** The kernel refused a packet on the TUN device. */
  NOT_DELIVERED("not delivered");

  private final String words;

  Drop(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
