// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.IoVectors;
import io.jflannel.linux.tun.MessageVector;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.UdpSocket;

/** Many messages per system call. */
final class BatchReceiver implements Receiver {

  /** Longer than any datagram over IPv4, and than what the kernel joins. */
  private static final int LONGEST = 1 << 16;

  private final UdpSocket socket;
  private final int most;
  private final int buffers;
  private final IoVectors pieces;
  private final MessageVector vector;

  /**
   * Messages that the last call has changed, of the first ones; the others are as they were made.
   */
  private int used;

  /**
   * @param most messages per call
   */
  BatchReceiver(UdpSocket socket, NativeMemory memory, int most) {
    this.socket = socket;
    this.most = most;
    this.buffers = memory.take(most * LONGEST);
    this.pieces = new IoVectors(memory, memory.take(IoVectors.bytes(most)));
    this.vector = new MessageVector(memory, memory.take(MessageVector.bytes(most)), most);
    for (int i = 0; i < most; i++) {
      pieces.set(i, at(i), LONGEST);
      vector.toReceive(i, pieces, i);
    }
  }

  @Override
  public int receive() {
    for (int i = 0; i < used; i++) {
      vector.toReceive(i, pieces, i);
    }
    int received = socket.receive(vector, most);
    used = Math.max(0, received);
    return received;
  }

  @Override
  public int at(int index) {
    return buffers + index * LONGEST;
  }

  @Override
  public int length(int index) {
    return vector.length(index);
  }

  @Override
  public int sender(int index) {
    return vector.sender(index);
  }

  @Override
  public int segment(int index) {
    return vector.segment(index);
  }

  @Override
  public boolean truncated(int index) {
    return vector.truncated(index);
  }
}
