// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A kernel parameter under {@code /proc/sys}. Those of {@code net} belong to the network namespace
 * of the thread that reads or writes.
 *
 * @param path {@code net/ipv6/conf/flannel.1/accept_ra}
 */
public record Sysctl(String path) {

  private static final int LONGEST = 4096;

  public Sysctl {
    for (String part : path.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new IllegalArgumentException("\"" + path + "\" is no path of a sysctl");
      }
    }
  }

  /**
   * By its path's parts, as device names contain dots.
   *
   * @throws IllegalArgumentException if a part is empty, contains a slash or leads elsewhere
   */
  public static Sysctl of(String... parts) {
    for (String part : parts) {
      if (part.indexOf('/') >= 0) {
        throw new IllegalArgumentException("\"" + part + "\" is no part of a sysctl's path");
      }
    }
    return new Sysctl(String.join("/", parts));
  }

  /**
   * The value without its newline; empty if there is no such parameter: no such device, IPv6
   * disabled, module not loaded.
   *
   * @throws LinuxException EACCES, EPERM, …
   */
  public Optional<String> read() {
    String file = file();
    int opened = Libc.open(file, Descriptor.O_RDONLY | Descriptor.O_CLOEXEC, 0);
    if (Errno.ENOENT.is(-opened)) {
      return Optional.empty();
    }
    try (Descriptor descriptor = Descriptor.adopt("open " + file, opened)) {
      NativeBuffer buffer = NativeBuffer.allocate(LONGEST);
      int count = Descriptor.checked("read " + file, Libc.read(descriptor.number(), buffer));
      byte[] text = new byte[count];
      buffer.bytes().get(0, text);
      return Optional.of(new String(text, StandardCharsets.UTF_8).stripTrailing());
    }
  }

  /** Whether there is such a parameter and it may be written: not below a read-only /proc/sys. */
  public boolean writable() {
    return Files.isWritable(Path.of(file()));
  }

  /**
   * Writes a value.
   *
   * @throws LinuxException ENOENT if there is no such parameter, EINVAL if it refuses the value,
   *     EACCES, EPERM or EROFS if it may not be written
   */
  public void write(String value) {
    String file = file();
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.O_WRONLY, 0)) {
      byte[] text = value.getBytes(StandardCharsets.UTF_8);
      int written = Libc.write(descriptor.number(), NativeBuffer.of(text), text.length);
      Descriptor.checked("write " + value + " to " + file, written);
    }
  }

  private String file() {
    return "/proc/sys/" + path;
  }
}
