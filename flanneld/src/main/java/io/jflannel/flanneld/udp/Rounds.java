// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** What a thread of the tunnel does over and over. */
interface Rounds {

  /**
   * Waits for packets and moves them.
   *
   * @return false if the TUN device is gone
   */
  boolean round();
}
