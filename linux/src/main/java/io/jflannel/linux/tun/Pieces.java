// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

/** An array of struct iovec: stretches of one {@link Memory}. */
public final class Pieces {

  private static final int ENTRY = 16;

  private final Memory packets;
  private final Memory entries;

  /**
   * @param packets where all pieces are
   * @param count how many there may be
   */
  public Pieces(Memory packets, int count) {
    this.packets = packets;
    entries = Memory.allocate(count * ENTRY);
  }

  public int capacity() {
    return entries.size() / ENTRY;
  }

  public void set(int index, int at, int length) {
    entries.putNative64(index * ENTRY, packets.address(at, length));
    entries.putNative64(index * ENTRY + 8, length);
  }

  public int at(int index) {
    return packets.offset(entries.native64(index * ENTRY));
  }

  public int length(int index) {
    return (int) entries.native64(index * ENTRY + 8);
  }

  long address(int from, int count) {
    return entries.address(from * ENTRY, count * ENTRY);
  }
}
