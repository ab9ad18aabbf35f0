// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open file descriptor that is closed at most once, so that a re-used number is never hit. */
public final class Descriptor implements AutoCloseable {

  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_CREAT = 0x40;
  static final int O_EXCL = 0x80;
  static final int O_CLOEXEC = 0x80000;

  private final int number;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Descriptor(int number) {
    this.number = number;
  }

  /**
   * @throws LinuxException ENOENT, EACCES, …
   */
  static Descriptor open(String path, int flags, int mode) {
    return new Descriptor(checked("open " + path, Libc.open(path, flags | O_CLOEXEC, mode)));
  }

  /**
   * Takes over what a system call has returned.
   *
   * @param operation for the exception
   * @param result a descriptor, or a negative errno
   * @throws LinuxException if it is an errno
   */
  public static Descriptor adopt(String operation, int result) {
    return new Descriptor(checked(operation, result));
  }

  static int checked(String operation, int result) {
    if (result < 0) {
      throw new LinuxException(operation, -result, "");
    }
    return result;
  }

  /** What the kernel calls it. */
  public int number() {
    if (closed.get()) {
      throw new IllegalStateException("the descriptor is closed");
    }
    return number;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Libc.close(number);
    }
  }
}
