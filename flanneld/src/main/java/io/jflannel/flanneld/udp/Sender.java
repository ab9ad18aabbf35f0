// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** Takes packets from the TUN to the peers' sockets. For one thread. */
interface Sender {

  /**
   * Sends a packet now or with the next {@link #flush}; until then it must stay where it is.
   *
   * @param at where in the memory it is
   * @param hop 32 bits of the peer's address
   */
  void send(int at, int length, int hop);

  /** Sends what is left. */
  void flush();
}
