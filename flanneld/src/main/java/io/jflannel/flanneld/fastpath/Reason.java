// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

/** Why a packet did not take the fast path. */
public enum Reason {
  /** Sending: not IPv4, with options, a fragment, or with another length than it says. */
  SEND_UNUSUAL(Fate.PASSED),
  /** Sending: TTL 0 or 1, which user space drops. */
  SEND_EXPIRED(Fate.PASSED),
  /** Sending: not from the own subnet; user space finishes it, so that any peer can judge it. */
  SEND_FOREIGN_SOURCE(Fate.PASSED),
  /** Sending: no peer of the fast path has the destination. */
  SEND_NO_PEER(Fate.PASSED),
  /** Sending: does not fit into a packet of the underlay; its way may need fragments. */
  SEND_TOO_BIG(Fate.PASSED),
  /** Sending: a super-packet (GSO) of another protocol than TCP. */
  SEND_NOT_TCP(Fate.PASSED),
  /** Sending: the kernel cannot wrap it, as when it comes from another tunnel. */
  SEND_REFUSED(Fate.PASSED),
  /** Sending: no memory for the longer header. */
  SEND_NO_ROOM(Fate.DROPPED),
  /** Receiving: with a UDP checksum, so it comes from the sender's user space. */
  RECEIVE_CHECKSUM(Fate.PASSED),
  /** Receiving: lengths, versions or the outer checksum are wrong, or there are inner options. */
  RECEIVE_MALFORMED(Fate.PASSED),
  /** Receiving: inner TTL 0 or 1, which user space drops. */
  RECEIVE_EXPIRED(Fate.PASSED),
  /** Receiving: the inner destination is not in the network. */
  RECEIVE_OUTSIDE(Fate.PASSED),
  /** Receiving: no peer of the fast path has the inner source. */
  RECEIVE_NO_PEER(Fate.PASSED),
  /** Receiving: the inner source is another peer's than the sender. */
  RECEIVE_SPOOFED(Fate.PASSED),
  /** Receiving: a super-packet (GSO) of another protocol than TCP. */
  RECEIVE_NOT_TCP(Fate.PASSED),
  /** Receiving: the kernel cannot unwrap it. */
  RECEIVE_REFUSED(Fate.PASSED);

  private final Fate fate;

  Reason(Fate fate) {
    this.fate = fate;
  }

  public Fate fate() {
    return fate;
  }

  /** What has become of the packet. */
  public enum Fate {
    /** It went on to the user-space path, which decides and counts it again. */
    PASSED,
    DROPPED
  }
}
