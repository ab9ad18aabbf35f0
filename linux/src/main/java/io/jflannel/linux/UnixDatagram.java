// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;

/** Datagrams to unix(7) sockets, which the JDK lacks; sd_notify(3) speaks over them. */
public final class UnixDatagram {

  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_DONTWAIT = 0x40;

  /** sizeof(sockaddr_un.sun_path). */
  private static final int LONGEST_PATH = 108;

  private UnixDatagram() {}

  /**
   * Sends one datagram; never waits.
   *
   * @param path of the receiver's socket; a leading {@code @} means the abstract name space
   * @throws LinuxException ENOENT, ECONNREFUSED (nobody listens), EAGAIN (its queue is full),
   *     EACCES, ENAMETOOLONG, EMSGSIZE
   */
  public static void send(String path, byte[] datagram) {
    String operation = "send to " + path;
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    boolean abstractName = path.startsWith("@");
    if (name.length > (abstractName ? LONGEST_PATH : LONGEST_PATH - 1)) {
      throw new LinuxException(operation, Errno.ENAMETOOLONG.number(), "");
    }
    if (abstractName) {
      name[0] = 0;
    }
    NativeBuffer address = NativeBuffer.allocate(2 + LONGEST_PATH);
    address.bytes().putShort(0, (short) AF_UNIX);
    address.bytes().put(2, name);
    int length = 2 + name.length + (abstractName ? 0 : 1);
    try (Descriptor socket =
        Descriptor.adopt("socket", Libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))) {
      int sent =
          Libc.sendto(
              socket.number(),
              NativeBuffer.of(datagram),
              datagram.length,
              MSG_NOSIGNAL | MSG_DONTWAIT,
              address,
              length);
      Descriptor.checked(operation, sent);
    }
  }
}
