// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;

/** Takes packets from the peers to the TUN. For one thread. */
interface TunWriter {

  /** Writes a packet now or with the next {@link #flush}; until then it must stay where it is. */
  void write(int at, int length);

  /**
   * Writes what is left.
   *
   * @return false if the device is gone
   */
  boolean flush();

  /** Whether the errno (negative, of a read or a write) means that the device was deleted. */
  static boolean gone(int result) {
    return Errno.EBADFD.is(-result) || Errno.ENODEV.is(-result) || Errno.EFAULT.is(-result);
  }
}
