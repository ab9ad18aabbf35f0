// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.Map;

/**
 * What a tunnel has carried since the daemon started.
 *
 * @param sent from the TUN device into datagrams
 * @param received from datagrams to the TUN device
 */
public record Counters(Way sent, Way received) {

  /**
   * One direction.
   *
   * @param packets that went on, as they are on the wire
   * @param bytes of these, IP headers included
   * @param calls of the kernel that carried them: packets per call is the size of a batch
   * @param drops by reason, only those there were
   */
  public record Way(long packets, long bytes, long calls, Map<Drop, Long> drops) {
    public Way {
      drops = Map.copyOf(drops);
    }
  }
}
