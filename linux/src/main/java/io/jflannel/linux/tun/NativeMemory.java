// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import io.jflannel.linux.ffi.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Zeroed memory that the kernel can reach, of fixed size, addressed by offsets from its beginning.
 * One thread at a time uses it.
 */
public final class NativeMemory {

  private final NativeBuffer buffer;
  private final ByteBuffer network;
  private int taken;

  private NativeMemory(NativeBuffer buffer) {
    this.buffer = buffer;
    this.network = buffer.bytes().duplicate().order(ByteOrder.BIG_ENDIAN);
  }

  /**
   * New memory.
   *
   * @param bytes at least 1
   */
  public static NativeMemory allocate(int bytes) {
    return new NativeMemory(NativeBuffer.allocate(bytes));
  }

  /** The memory in the machine's byte order, as the kernel's structs have it. */
  public ByteBuffer host() {
    return buffer.bytes();
  }

  /** The memory in network byte order, as packets have it. */
  public ByteBuffer network() {
    return network;
  }

  /**
   * Gives away the next free part: how the users of one memory divide it. For the thread that
   * builds them.
   *
   * @return its offset, a multiple of 64
   * @throws IllegalStateException if there is not that much
   */
  public int take(int bytes) {
    int offset = taken;
    if (bytes > host().capacity() - offset) {
      throw new IllegalStateException(
          bytes + " bytes do not fit behind " + offset + " of " + host().capacity());
    }
    taken = Math.min(host().capacity(), offset + bytes + 63 & ~63);
    return offset;
  }

  NativeBuffer buffer() {
    return buffer;
  }

  /** The pointer to an offset. */
  long address(int offset) {
    return buffer.address() + offset;
  }
}
