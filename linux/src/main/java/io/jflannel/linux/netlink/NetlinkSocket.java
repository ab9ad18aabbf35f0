// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.time.Duration;

/**
 * A netlink socket (netlink(7)) in the network namespace of the thread that opens it. Extended
 * acknowledgements, capped acknowledgements and strict checking of requests are on where the kernel
 * has them (4.12, 4.20). Belongs to one thread.
 */
public final class NetlinkSocket implements AutoCloseable {

  /** NETLINK_ROUTE. */
  public static final int ROUTE = 0;

  /** NETLINK_NETFILTER. */
  public static final int NETFILTER = 12;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVBUF = 8;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SO_RCVTIMEO = 20;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_ADD_MEMBERSHIP = 1;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int NETLINK_GET_STRICT_CHK = 12;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_DONTWAIT = 0x40;

  /** sizeof(struct sockaddr_nl): family, padding, port id, groups. */
  private static final int ADDRESS = 12;

  private static final int NOTHING = -1;

  private final int descriptor;
  private final int portId;
  private final NativeBuffer from = NativeBuffer.allocate(ADDRESS);
  private final NativeBuffer fromLength = NativeBuffer.allocate(4);
  private boolean closed;

  private NetlinkSocket(int descriptor, int portId) {
    this.descriptor = descriptor;
    this.portId = portId;
  }

  /**
   * Opens a socket.
   *
   * @param protocol {@link #ROUTE}, {@link #NETFILTER} or another NETLINK_*
   * @param receiveBuffer bytes; limited by net.core.rmem_max without CAP_NET_ADMIN in the first
   *     user namespace
   * @param timeout how long to wait for a reply
   */
  public static NetlinkSocket open(int protocol, int receiveBuffer, Duration timeout) {
    int socket = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    check("netlink socket", socket);
    try {
      NativeBuffer address = NativeBuffer.allocate(ADDRESS);
      address.bytes().putShort(0, (short) AF_NETLINK);
      check("bind netlink socket", Libc.bind(socket, address, ADDRESS));
      NativeBuffer length = NativeBuffer.allocate(4);
      length.bytes().putInt(0, ADDRESS);
      check("getsockname", Libc.getsockname(socket, address, length));
      for (int option : new int[] {NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK}) {
        Libc.setsockopt(socket, SOL_NETLINK, option, 1); // an older kernel goes without
      }
      if (Libc.setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) < 0) {
        check("SO_RCVBUF", Libc.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, receiveBuffer));
      }
      setTimeout(socket, timeout);
      return new NetlinkSocket(socket, address.bytes().getInt(4));
    } catch (LinuxException e) {
      Libc.close(socket);
      throw e;
    }
  }

  private static void setTimeout(int socket, Duration timeout) {
    NativeBuffer timeval = NativeBuffer.allocate(16);
    timeval.bytes().putLong(0, timeout.toSeconds());
    timeval.bytes().putLong(8, timeout.toNanosPart() / 1000);
    check("SO_RCVTIMEO", Libc.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, timeval, 16));
  }

  private static void check(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
  }

  /** The address that the kernel gave this socket; unique in its namespace. */
  public int portId() {
    return portId;
  }

  public int descriptor() {
    return descriptor;
  }

  /** Subscribes to a multicast group. */
  public void join(int group) {
    check(
        "join netlink group " + group,
        Libc.setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group));
  }

  /** Sends all messages of the writer. The kernel executes them before this returns. */
  public void send(MessageWriter messages) {
    int sent = Libc.send(descriptor, messages.memory(), messages.length(), 0);
    check("send netlink messages", sent);
  }

  /**
   * Waits for the next datagram of the kernel.
   *
   * @throws RepliesLostException ENOBUFS, EAGAIN (time-out), EMSGSIZE
   */
  public void receive(MessageReader into) {
    while (receive(into, 0) == NOTHING) {
      // from another process
    }
  }

  /**
   * Takes the next datagram if there is one.
   *
   * @throws RepliesLostException ENOBUFS: the receive buffer has overflowed; EMSGSIZE
   */
  public boolean receiveNow(MessageReader into) {
    while (true) {
      try {
        if (receive(into, MSG_DONTWAIT) != NOTHING) {
          return true;
        }
      } catch (RepliesLostException e) {
        if (e.is(Errno.EAGAIN)) {
          return false;
        }
        throw e;
      }
    }
  }

  /** Throws away what is queued, also the rest of a dump, so that the socket is usable again. */
  void drain(MessageReader into) {
    boolean more = true;
    while (more) {
      try {
        more = receiveNow(into);
      } catch (RepliesLostException e) {
        more = true; // reported once per overflow
      }
    }
  }

  private int receive(MessageReader into, int flags) {
    while (true) {
      fromLength.bytes().putInt(0, ADDRESS);
      int count = Libc.recvfrom(descriptor, into.memory(), flags | MSG_TRUNC, from, fromLength);
      if (count > into.memory().capacity()) {
        throw new RepliesLostException("receive netlink messages", Errno.EMSGSIZE.number());
      }
      if (count >= 0) {
        into.begin(count);
        return from.bytes().getInt(4) == 0 ? count : NOTHING;
      }
      if (Errno.EAGAIN.is(-count) || Errno.ENOBUFS.is(-count)) {
        throw new RepliesLostException("receive netlink messages", -count);
      }
      if (!Errno.EINTR.is(-count)) {
        throw new LinuxException("receive netlink messages", -count, "");
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
