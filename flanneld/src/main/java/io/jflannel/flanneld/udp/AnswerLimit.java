// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/**
 * How many answers go out: bursts of 50, 1000 a second, as the kernel limits its own
 * (net.ipv4.icmp_msgs_burst and _per_sec). For one thread.
 */
final class AnswerLimit {

  private static final long NANOS_EACH = 1_000_000;
  private static final long BURST_NANOS = 50 * NANOS_EACH;

  private long credit = BURST_NANOS;
  private long last;

  /**
   * A limit that has not been used.
   *
   * @param now of System.nanoTime
   */
  AnswerLimit(long now) {
    last = now;
  }

  /** Whether one may go out now. */
  boolean allows(long now) {
    credit = Math.min(BURST_NANOS, credit + (now - last));
    last = now;
    if (credit < NANOS_EACH) {
      return false;
    }
    credit -= NANOS_EACH;
    return true;
  }
}
