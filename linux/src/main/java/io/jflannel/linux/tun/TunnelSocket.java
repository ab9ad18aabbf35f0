// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import io.jflannel.net.Ip;

/**
 * A UDP socket over IPv4 that sends and receives many datagrams a call. One thread may send while
 * another receives.
 */
public final class TunnelSocket implements AutoCloseable {

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;

  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUF = 7;
  private static final int SO_RCVBUF = 8;
  private static final int SO_SNDBUFFORCE = 32;
  private static final int SO_RCVBUFFORCE = 33;

  private static final int IP_MTU_DISCOVER = 10;
  private static final int SOL_UDP = 17;
  private static final int UDP_SEGMENT = 103;
  private static final int UDP_GRO = 104;

  private static final int MSG_WAITFORONE = 0x10000;
  private static final int SHUT_RDWR = 2;

  /** So much may wait in each direction, in bytes. */
  private static final int BUFFER = 8 << 20;

  /** How the kernel treats the outer header's "don't fragment" (linux/in.h). */
  public enum Discovery {
    /** Fragments what does not fit: IP_PMTUDISC_WANT. */
    WANT(1),
    /** Refuses it with EMSGSIZE: IP_PMTUDISC_DO. */
    DO(2);

    private final int value;

    Discovery(int value) {
      this.value = value;
    }
  }

  private final int descriptor;
  private boolean closed;

  private TunnelSocket(int descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Binds a socket, in the calling thread's network namespace.
   *
   * @throws LinuxException EADDRINUSE, EADDRNOTAVAIL
   */
  public static TunnelSocket bind(Ip local, int port) {
    TunnelSocket socket =
        new TunnelSocket(
            checked("open a UDP socket", Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    try {
      NativeBuffer address = NativeBuffer.allocate(SendBatch.ADDRESS);
      address.bytes().putShort(0, (short) AF_INET);
      address.bytes().put(2, (byte) (port >>> 8)).put(3, (byte) port);
      for (int i = 0; i < 4; i++) {
        address.bytes().put(4 + i, (byte) (local.v4Bits() >>> (24 - 8 * i)));
      }
      checked(
          "bind UDP port %d of %s".formatted(port, local),
          Libc.bind(socket.descriptor, address, SendBatch.ADDRESS));
      socket.enlarge(SO_RCVBUFFORCE, SO_RCVBUF);
      socket.enlarge(SO_SNDBUFFORCE, SO_SNDBUF);
      return socket;
    } catch (LinuxException e) {
      socket.close();
      throw e;
    }
  }

  private static int checked(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
    return result;
  }

  /** Beyond net.core.rmem_max only with CAP_NET_ADMIN; less serves too. */
  private void enlarge(int force, int option) {
    if (Libc.setsockopt(descriptor, SOL_SOCKET, force, BUFFER) < 0) {
      Libc.setsockopt(descriptor, SOL_SOCKET, option, BUFFER);
    }
  }

  public void discover(Discovery how) {
    checked("set IP_MTU_DISCOVER", Libc.setsockopt(descriptor, 0, IP_MTU_DISCOVER, how.value));
  }

  /** Whether the kernel (5.0) puts datagrams of one size together from now on. */
  public boolean group() {
    return Libc.setsockopt(descriptor, SOL_UDP, UDP_GRO, 1) >= 0;
  }

  /** Whether the kernel (4.18) cuts messages into datagrams. */
  public boolean cuts() {
    return Libc.setsockopt(descriptor, SOL_UDP, UDP_SEGMENT, 0) >= 0;
  }

  /**
   * Sends the messages of a batch from one on.
   *
   * @return how many were sent, at least one; negative errno of the first
   */
  public int send(SendBatch batch, int from) {
    return Libc.sendmmsg(descriptor, batch, batch.prepared(from), batch.messages() - from, 0);
  }

  /**
   * Sends the datagrams of one message each by itself.
   *
   * @return how many were sent
   */
  public int sendSingly(SendBatch batch, int message) {
    int sent = 0;
    int piece = batch.firstPiece(message);
    while (piece < batch.endPiece(message)) {
      int count = batch.piecesOfDatagram(message, piece);
      int result = Libc.sendmmsg(descriptor, batch, batch.single(message, piece, count), 1, 0);
      if (!Errno.EINTR.is(-result)) {
        piece += count;
        sent += result == 1 ? 1 : 0;
      }
    }
    return sent;
  }

  /**
   * Waits for a message and takes what else is there.
   *
   * @return messages; negative errno. After {@link #wake} a message without a sender
   */
  public int receive(ReceiveBatch batch) {
    return Libc.recvmmsg(descriptor, batch, batch.prepared(), batch.capacity(), MSG_WAITFORONE);
  }

  /** Ends the present and every further {@link #receive}. By any thread. */
  public synchronized void wake() {
    if (!closed) {
      Libc.shutdown(descriptor, SHUT_RDWR); // ENOTCONN, but it wakes
    }
  }

  /** Call it after the threads have left {@link #send} and {@link #receive}. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
