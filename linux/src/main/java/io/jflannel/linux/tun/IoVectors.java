// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

/** An array of {@code struct iovec} (sys/uio.h) in the memory that it points into. */
public final class IoVectors {

  /** Of one element: pointer and length. */
  private static final int BYTES = 16;

  private final NativeMemory memory;
  private final int base;

  /**
   * An array at a place in the memory.
   *
   * @param base a multiple of 8; the {@link #bytes} from there on are used
   */
  public IoVectors(NativeMemory memory, int base) {
    this.memory = memory;
    this.base = base;
  }

  /** What an array of {@code count} elements needs. */
  public static int bytes(int count) {
    return count * BYTES;
  }

  /** Lets an element be a piece of the memory. */
  public void set(int index, int offset, int length) {
    memory.host().putLong(at(index), memory.address(offset));
    memory.host().putLong(at(index) + 8, length);
  }

  /** Where the piece of an element begins. */
  public int offset(int index) {
    return (int) (memory.host().getLong(at(index)) - memory.address(0));
  }

  /** How long the piece of an element is. */
  public int length(int index) {
    return (int) memory.host().getLong(at(index) + 8);
  }

  NativeMemory memory() {
    return memory;
  }

  int at(int index) {
    return base + index * BYTES;
  }
}
