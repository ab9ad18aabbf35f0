// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import java.nio.ByteBuffer;

/** {@code struct sockaddr_in} (netinet/in.h): family, port, address, eight bytes of nothing. */
final class SocketAddress {

  static final int BYTES = 16;

  private static final short AF_INET = 2;

  private SocketAddress() {}

  static void write(NativeMemory memory, int at, int address, int port) {
    memory.host().putShort(at, AF_INET);
    ByteBuffer network = memory.network();
    network.putShort(at + 2, (short) port);
    network.putInt(at + 4, address);
    network.putLong(at + 8, 0);
  }

  static int address(NativeMemory memory, int at) {
    return memory.network().getInt(at + 4);
  }
}
