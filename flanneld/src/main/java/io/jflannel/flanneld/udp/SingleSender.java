// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.UdpSocket;

/** One packet per system call. */
final class SingleSender implements Sender {

  private final UdpSocket socket;
  private final int port;
  private final NativeMemory memory;
  private final Tally tally;
  private final int address;

  SingleSender(UdpSocket socket, int port, NativeMemory memory, Tally tally) {
    this.socket = socket;
    this.port = port;
    this.memory = memory;
    this.tally = tally;
    this.address = memory.take(UdpSocket.ADDRESS_BYTES);
  }

  @Override
  public void send(int at, int length, int hop) {
    int sent;
    do {
      sent = socket.send(memory, at, length, address, hop, port);
      tally.call();
    } while (Errno.EINTR.is(-sent));
    if (sent < 0) {
      tally.drop(Verdict.SEND_REFUSED);
    } else {
      tally.packet(length);
    }
  }

  @Override
  public void flush() {}
}
