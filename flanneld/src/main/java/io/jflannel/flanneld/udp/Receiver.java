// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/** Takes datagrams from the socket. For one thread. */
interface Receiver {

  /**
   * Waits for messages, which overwrite those before.
   *
   * @return how many, or a negative errno
   */
  int receive();

  /** Where in the memory a message is. */
  int at(int index);

  int length(int index);

  /** 32 bits of the address. */
  int sender(int index);

  /** Bytes of each of the datagrams that the message is made of; the last may be shorter. */
  int segment(int index);

  /** Whether the end of it is missing. */
  boolean truncated(int index);
}
