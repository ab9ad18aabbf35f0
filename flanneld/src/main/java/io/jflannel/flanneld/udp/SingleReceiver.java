// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.UdpSocket;

/** One datagram per system call. */
final class SingleReceiver implements Receiver {

  /** Longer than any datagram over IPv4. */
  private static final int LONGEST = 1 << 16;

  private final UdpSocket socket;
  private final NativeMemory memory;
  private final int at;
  private final int from;
  private int length;

  SingleReceiver(UdpSocket socket, NativeMemory memory) {
    this.socket = socket;
    this.memory = memory;
    this.at = memory.take(LONGEST);
    this.from = memory.take(UdpSocket.ADDRESS_BYTES);
  }

  @Override
  public int receive() {
    length = socket.receive(memory, at, LONGEST, from);
    return length < 0 ? length : 1;
  }

  @Override
  public int at(int index) {
    return at;
  }

  @Override
  public int length(int index) {
    return Math.min(length, LONGEST);
  }

  @Override
  public int sender(int index) {
    return UdpSocket.sender(memory, from);
  }

  @Override
  public int segment(int index) {
    return length(index);
  }

  @Override
  public boolean truncated(int index) {
    return length > LONGEST;
  }
}
