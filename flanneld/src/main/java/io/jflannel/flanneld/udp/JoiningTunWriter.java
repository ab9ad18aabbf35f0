// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.TunDevice;

/** Joins what it can, and writes each result in one call, to a TUN with headers of its own. */
final class JoiningTunWriter implements TunWriter {

  private final TunDevice device;
  private final Coalescing coalescing;
  private final Tally tally;
  private boolean there = true;

  JoiningTunWriter(TunDevice device, NativeMemory memory, boolean udp, Tally tally) {
    this.device = device;
    this.coalescing = new Coalescing(memory, udp);
    this.tally = tally;
  }

  @Override
  public void write(int at, int length) {
    if (coalescing.full()) {
      flush();
    }
    coalescing.add(at, length);
  }

  @Override
  public boolean flush() {
    for (int i = 0; i < coalescing.count(); i++) {
      coalescing.seal(i);
      writeSealed(i);
    }
    coalescing.clear();
    return there;
  }

  private void writeSealed(int index) {
    SuperPacket packet = coalescing.packet(index);
    int written = writePieces(coalescing.firstPiece(index), coalescing.pieceCount(index));
    if (written >= 0) {
      tally.packets(packet.packets, packet.length + (packet.packets - 1) * packet.header);
    } else {
      tally.drops(Verdict.WRITE_REFUSED, packet.packets);
      there &= !TunWriter.gone(written);
    }
  }

  private int writePieces(int first, int count) {
    int written;
    do {
      written = device.write(coalescing.pieces(), first, count);
    } while (Errno.EINTR.is(-written));
    return written;
  }
}
