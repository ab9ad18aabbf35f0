// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** What becomes of a packet: it passes, or why it is dropped. */
public enum Verdict {
  PASS,
  /** From the TUN: the kernel's IPv6 router solicitations, mostly. */
  NOT_IPV4,
  /** Lengths in the header contradict each other or the packet; or the header's checksum is bad. */
  MALFORMED,
  /** The datagram is shorter than the packet in it. */
  TRUNCATED,
  /** The time to live has ended: 1 or 0 before the decrement. */
  TTL_EXPIRED,
  /** From the TUN: no peer has the destination. */
  NO_ROUTE,
  /** From a socket that is no peer's. */
  UNKNOWN_SENDER,
  /** From a peer, but the inner source is not its to use. */
  FOREIGN_SOURCE,
  /** From a peer, but the inner destination is outside the network. */
  FOREIGN_DESTINATION,
  /** The socket refused it: a firewall, no route to the peer, no memory. */
  SEND_REFUSED,
  /** The TUN refused it: it is down, mostly. */
  WRITE_REFUSED
}
