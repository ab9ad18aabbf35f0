// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;

/**
 * The system calls behind this package, one method each, so that a test can stand in for a kernel
 * that refuses one by overriding it. Each returns what the call returns, or a negative errno.
 */
public class SystemCalls {

  /** Those of the kernel that runs. */
  public SystemCalls() {}

  protected int open(String path, int flags) {
    return Libc.open(path, flags, 0);
  }

  /**
   * @param argument in and out
   */
  protected int ioctl(int descriptor, int request, byte[] argument) {
    NativeBuffer memory = NativeBuffer.of(argument);
    int result = Libc.ioctl(descriptor, request, memory);
    memory.bytes().get(0, argument);
    return result;
  }

  protected int ioctl(int descriptor, int request, int argument) {
    return Libc.ioctl(descriptor, request, argument);
  }

  /** With a C {@code int} as value. */
  protected int setsockopt(int socket, int level, int option, NativeMemory value) {
    return Libc.setsockopt(socket, level, option, value.buffer(), 4);
  }

  protected int read(int descriptor, NativeMemory memory, int offset, int length) {
    return Libc.read(descriptor, memory.buffer(), offset, length);
  }

  protected int write(int descriptor, NativeMemory memory, int offset, int length) {
    return Libc.write(descriptor, memory.buffer(), offset, length);
  }

  protected int writev(int descriptor, NativeMemory memory, int vector, int count) {
    return Libc.writev(descriptor, memory.buffer(), vector, count);
  }

  protected int sendto(int socket, NativeMemory memory, int offset, int length, int to) {
    return Libc.sendto(socket, memory.buffer(), offset, length, to, SocketAddress.BYTES);
  }

  protected int recvfrom(
      int socket, NativeMemory memory, int offset, int length, int flags, int from) {
    int fromLength = from + SocketAddress.BYTES;
    return Libc.recvfrom(socket, memory.buffer(), offset, length, flags, from, fromLength);
  }

  protected int sendmmsg(int socket, NativeMemory memory, int messages, int count) {
    return Libc.sendmmsg(socket, memory.buffer(), messages, count, 0);
  }

  protected int recvmmsg(int socket, NativeMemory memory, int messages, int count, int flags) {
    return Libc.recvmmsg(socket, memory.buffer(), messages, count, flags);
  }
}
