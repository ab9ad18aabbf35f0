// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Zeroed memory that the kernel reads and writes, addressed by offsets from its begin. Freed when
 * nobody refers to it any more. Offsets outside of it throw IndexOutOfBoundsException.
 *
 * <p>Numbers are in network byte order, but for those named "native".
 */
public final class Memory {

  private static final ValueLayout.OfShort NET16 =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt NET32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** So that packets begin on cache lines. */
  private static final int ALIGNMENT = 64;

  private final MemorySegment segment;

  private Memory(MemorySegment segment) {
    this.segment = segment;
  }

  /** So many bytes. */
  public static Memory allocate(int bytes) {
    return new Memory(Arena.ofAuto().allocate(bytes, ALIGNMENT));
  }

  public int size() {
    return (int) segment.byteSize();
  }

  /** The address of what is at an offset; it must be followed by {@code length} bytes. */
  long address(int at, int length) {
    if (at < 0 || length < 0 || (long) at + length > segment.byteSize()) {
      throw new IndexOutOfBoundsException(at + " + " + length + " of " + segment.byteSize());
    }
    return segment.address() + at;
  }

  /** The offset of an address inside. */
  int offset(long address) {
    return (int) (address - segment.address());
  }

  public int u8(int at) {
    return segment.get(JAVA_BYTE, at) & 0xff;
  }

  public void put8(int at, int value) {
    segment.set(JAVA_BYTE, at, (byte) value);
  }

  public int u16(int at) {
    return segment.get(NET16, at) & 0xffff;
  }

  public void put16(int at, int value) {
    segment.set(NET16, at, (short) value);
  }

  public int i32(int at) {
    return segment.get(NET32, at);
  }

  public void put32(int at, int value) {
    segment.set(NET32, at, value);
  }

  public int native16(int at) {
    return segment.get(JAVA_SHORT_UNALIGNED, at) & 0xffff;
  }

  public void putNative16(int at, int value) {
    segment.set(JAVA_SHORT_UNALIGNED, at, (short) value);
  }

  public int native32(int at) {
    return segment.get(JAVA_INT_UNALIGNED, at);
  }

  void putNative32(int at, int value) {
    segment.set(JAVA_INT_UNALIGNED, at, value);
  }

  long native64(int at) {
    return segment.get(JAVA_LONG_UNALIGNED, at);
  }

  void putNative64(int at, long value) {
    segment.set(JAVA_LONG_UNALIGNED, at, value);
  }

  /** Sets bytes to zero. */
  public void clear(int at, int length) {
    segment.asSlice(at, length).fill((byte) 0);
  }

  /** Copies within this memory. */
  public void copy(int from, int to, int length) {
    MemorySegment.copy(segment, from, segment, to, length);
  }

  /** Copies bytes in. */
  public void put(int at, byte[] bytes) {
    MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, at, bytes.length);
  }

  /** Copies bytes out. */
  public byte[] bytes(int at, int length) {
    return segment.asSlice(at, length).toArray(JAVA_BYTE);
  }

  /**
   * The sum of native 32-bit words: a counted loop that the compiler turns into vector
   * instructions.
   */
  public long sumOfWords(int at, int words) {
    long sum = 0;
    for (int i = 0; i < words; i++) {
      sum += segment.get(JAVA_INT_UNALIGNED, at + 4L * i) & 0xffff_ffffL;
    }
    return sum;
  }
}
