// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnixDatagramTest {

  @TempDir private Path directory;

  /** A bound AF_UNIX datagram socket, as the service manager has one. */
  private static Descriptor receiver(byte[] name) {
    NativeBuffer address = NativeBuffer.allocate(110);
    address.bytes().putShort(0, (short) 1);
    address.bytes().put(2, name);
    Descriptor socket = Descriptor.adopt("socket", Libc.socket(1, 2, 0));
    Descriptor.checked("bind", Libc.bind(socket.number(), address, 2 + name.length));
    return socket;
  }

  private static String received(Descriptor socket) {
    NativeBuffer buffer = NativeBuffer.allocate(4096);
    byte[] text = new byte[Descriptor.checked("read", Libc.read(socket.number(), buffer))];
    buffer.bytes().get(0, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aPathIsReached() {
    String path = directory.resolve("notify").toString();
    try (Descriptor socket = receiver(utf8(path))) {
      UnixDatagram.send(path, utf8("READY=1\nSTATUS=ok"));
      assertThat(received(socket)).isEqualTo("READY=1\nSTATUS=ok");
      UnixDatagram.send(path, new byte[0]);
      assertThat(received(socket)).isEmpty();
    }
    assertThatThrownBy(() -> UnixDatagram.send(path, utf8("x")))
        .hasMessageContaining("ECONNREFUSED"); // the file is still there
  }

  @Test
  void anAbstractNameIsReached() {
    String name = "@jflannel-test-" + ProcessHandle.current().pid();
    try (Descriptor socket = receiver(utf8(name.replace('@', '\0')))) {
      UnixDatagram.send(name, utf8("WATCHDOG=1"));
      assertThat(received(socket)).isEqualTo("WATCHDOG=1");
    }
  }

  @Test
  void nobodyThereIsAnError() {
    assertThatThrownBy(() -> UnixDatagram.send(directory.resolve("no").toString(), utf8("x")))
        .isInstanceOfSatisfying(LinuxException.class, e -> assertThat(e.is(Errno.ENOENT)).isTrue());
    assertThatThrownBy(() -> UnixDatagram.send("/" + "x".repeat(107), utf8("x")))
        .hasMessageContaining("ENAMETOOLONG");
  }
}
