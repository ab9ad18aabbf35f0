// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.linux.UnixDatagram;
import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** systemd's end of NOTIFY_SOCKET. */
final class NotifyReceiver implements AutoCloseable {

  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final String END = "the end of the test";

  private final List<String> received = new CopyOnWriteArrayList<>();
  private final Path path;
  private final int socket;
  private final Thread reader;

  NotifyReceiver(Path path) {
    this.path = path;
    byte[] name = path.toString().getBytes(UTF_8);
    NativeBuffer address = NativeBuffer.allocate(110);
    address.bytes().putShort(0, (short) AF_UNIX).put(2, name);
    socket = checked(Libc.socket(AF_UNIX, SOCK_DGRAM, 0));
    checked(Libc.bind(socket, address, 2 + name.length));
    reader = Thread.ofPlatform().daemon().start(this::read);
  }

  private void read() {
    NativeBuffer buffer = NativeBuffer.allocate(4096);
    while (true) {
      byte[] text = new byte[checked(Libc.read(socket, buffer))];
      buffer.bytes().get(0, text);
      String datagram = new String(text, UTF_8);
      if (datagram.equals(END)) {
        return;
      }
      received.add(datagram);
    }
  }

  private static int checked(int result) {
    if (result < 0) {
      throw new IllegalStateException("errno " + -result);
    }
    return result;
  }

  String path() {
    return path.toString();
  }

  List<String> received() {
    return received;
  }

  @Override
  public void close() {
    UnixDatagram.send(path(), END.getBytes(UTF_8));
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Libc.close(socket);
  }
}
