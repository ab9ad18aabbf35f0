// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.net.Ip;

/**
 * A blocking UDP socket over IPv4 (udp(7)) in the opening thread's network namespace, for one
 * datagram or many per call. One thread sends, one receives, any may {@link #stopReceiving}. What
 * sends and receives does not allocate.
 */
public final class UdpSocket implements AutoCloseable {

  /** How the kernel learns the path's MTU (IP_MTU_DISCOVER in ip(7)). */
  public enum PathMtu {
    /** Forbid fragments where the datagram fits, else fragment here. The kernel's default. */
    WANT(1),
    /** Always forbid fragments; a datagram that does not fit is refused with EMSGSIZE. */
    DO(2);

    private final int value;

    PathMtu(int value) {
      this.value = value;
    }
  }

  /** What {@link #receive} needs for the sender: the address, and its length. */
  public static final int ADDRESS_BYTES = SocketAddress.BYTES + 8;

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUF = 7;
  private static final int SO_RCVBUF = 8;
  private static final int SO_SNDBUFFORCE = 32;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int IPPROTO_IP = 0;
  private static final int IP_MTU_DISCOVER = 10;
  private static final int SOL_UDP = 17;
  private static final int UDP_SEGMENT = 103;
  private static final int UDP_GRO = 104;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_WAITFORONE = 0x10000;
  private static final int SHUT_RD = 0;

  private final SystemCalls calls;
  private final int descriptor;
  private final NativeMemory optionValue = NativeMemory.allocate(4);
  private volatile boolean stopped;
  private boolean closed;

  private UdpSocket(SystemCalls calls, int descriptor) {
    this.calls = calls;
    this.descriptor = descriptor;
  }

  /**
   * Opens and binds a socket.
   *
   * @param local an IPv4 address
   * @param port 0 lets the kernel choose one
   * @throws LinuxException EADDRINUSE, EADDRNOTAVAIL
   */
  public static UdpSocket open(SystemCalls calls, Ip local, int port) {
    int descriptor = Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check("UDP socket", descriptor);
    NativeMemory address = NativeMemory.allocate(SocketAddress.BYTES);
    SocketAddress.write(address, 0, local.v4Bits(), port);
    int bound = Libc.bind(descriptor, address.buffer(), SocketAddress.BYTES);
    if (bound < 0) {
      Libc.close(descriptor);
      throw new LinuxException("bind UDP " + local + ":" + port, -bound, "");
    }
    return new UdpSocket(calls, descriptor);
  }

  private static void check(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
  }

  /**
   * Lets datagrams wait in the kernel, up to {@code bytes} each way; where CAP_NET_ADMIN is lacking
   * in the first user namespace, up to net.core.rmem_max and wmem_max.
   */
  public void buffers(int bytes) {
    buffer(SO_RCVBUFFORCE, SO_RCVBUF, bytes);
    buffer(SO_SNDBUFFORCE, SO_SNDBUF, bytes);
  }

  private void buffer(int force, int ordinary, int bytes) {
    if (setOption(SOL_SOCKET, force, bytes) < 0) {
      check("socket buffer", setOption(SOL_SOCKET, ordinary, bytes));
    }
  }

  /** Changes what happens to datagrams that are too long for their path. For the sending thread. */
  public void pathMtu(PathMtu discovery) {
    check("IP_MTU_DISCOVER", setOption(IPPROTO_IP, IP_MTU_DISCOVER, discovery.value));
  }

  private int setOption(int level, int option, int value) {
    optionValue.host().putInt(0, value);
    return calls.setsockopt(descriptor, level, option, optionValue);
  }

  /**
   * Finds out whether a message may be several datagrams (Linux 4.18).
   *
   * @throws LinuxException ENOPROTOOPT if not
   */
  public void requireSegmentation() {
    check("UDP_SEGMENT", setOption(SOL_UDP, UDP_SEGMENT, 0));
  }

  /**
   * Lets a received message be several datagrams (Linux 5.0).
   *
   * @throws LinuxException ENOPROTOOPT on an older one
   */
  public void joinReceived() {
    check("UDP_GRO", setOption(SOL_UDP, UDP_GRO, 1));
  }

  /**
   * Finds out whether many messages go in one call.
   *
   * @throws LinuxException ENOSYS; EPERM where a filter of system calls forbids them
   */
  public void requireBatches() {
    NativeMemory memory = NativeMemory.allocate(MessageVector.bytes(1) + IoVectors.bytes(1) + 8);
    MessageVector messages = new MessageVector(memory, 0, 1);
    IoVectors pieces = new IoVectors(memory, MessageVector.bytes(1));
    pieces.set(0, MessageVector.bytes(1) + IoVectors.bytes(1), 8);
    messages.toReceive(0, pieces, 0);
    int received = calls.recvmmsg(descriptor, memory, 0, 1, MSG_DONTWAIT);
    if (!Errno.EAGAIN.is(-received)) {
      check("recvmmsg", received);
    }
    check("sendmmsg", calls.sendmmsg(descriptor, memory, 0, 0));
  }

  /**
   * Sends one datagram, waiting for room.
   *
   * @param to {@link #ADDRESS_BYTES} of the memory, to write the address to
   * @return its length or a negative errno
   */
  public int send(NativeMemory memory, int offset, int length, int to, int address, int port) {
    SocketAddress.write(memory, to, address, port);
    return calls.sendto(descriptor, memory, offset, length, to);
  }

  /**
   * Waits for one datagram.
   *
   * @param from {@link #ADDRESS_BYTES} of the memory, for {@link #sender}
   * @return its length, which is above {@code length} if it was cut to that; -EINTR, which it is
   *     always after {@link #stopReceiving}
   */
  public int receive(NativeMemory memory, int offset, int length, int from) {
    memory.host().putInt(from + SocketAddress.BYTES, SocketAddress.BYTES);
    return unlessStopped(calls.recvfrom(descriptor, memory, offset, length, MSG_TRUNC, from));
  }

  /** Who sent what {@link #receive} got: the 32 bits of the address. */
  public static int sender(NativeMemory memory, int from) {
    return SocketAddress.address(memory, from);
  }

  /**
   * Sends {@code count} messages from the {@code first} on, waiting for room.
   *
   * @return how many were sent, at least 1, before one was refused; or the negative errno of the
   *     first
   */
  public int send(MessageVector messages, int first, int count) {
    return calls.sendmmsg(descriptor, messages.memory(), messages.at(first), count);
  }

  /**
   * Waits for a message and takes the others that are there, up to {@code count}.
   *
   * @return how many, or -EINTR, which it is always after {@link #stopReceiving}
   */
  public int receive(MessageVector messages, int count) {
    return unlessStopped(
        calls.recvmmsg(descriptor, messages.memory(), messages.at(0), count, MSG_WAITFORONE));
  }

  /** From a socket that is shut down the kernel delivers messages of length 0 that nobody sent. */
  private int unlessStopped(int received) {
    return stopped ? -Errno.EINTR.number() : received;
  }

  /**
   * Ends this and every later wait for a datagram. ENOTCONN, as the socket has no peer, but the
   * waiting one is woken all the same (inet_shutdown in net/ipv4/af_inet.c).
   */
  public synchronized void stopReceiving() {
    stopped = true;
    if (!closed) {
      Libc.shutdown(descriptor, SHUT_RD);
    }
  }

  /** Call it when its threads have ended. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
