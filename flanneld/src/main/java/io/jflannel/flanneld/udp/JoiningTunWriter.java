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
  private final Fallbacks fallbacks;
  private boolean there = true;

  JoiningTunWriter(
      TunDevice device, NativeMemory memory, boolean udp, Tally tally, Fallbacks fallbacks) {
    this.device = device;
    this.coalescing = new Coalescing(memory, udp);
    this.tally = tally;
    this.fallbacks = fallbacks;
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
    if (packet.packets > 1 && Errno.EINVAL.is(-written)) {
      writeEach(index, packet);
    } else {
      int headers = (packet.packets - 1) * packet.header;
      count(written, packet.packets, packet.length + headers);
    }
  }

  /** A kernel that does not take super-packets of this kind gets no more of them. */
  private void writeEach(int index, SuperPacket packet) {
    coalescing.leaveApart(packet.kind);
    fallbacks.add("super-packets of " + packet.kind + " to the TUN", "EINVAL", "one by one");
    int first = coalescing.firstPiece(index);
    for (int i = 0; i < packet.packets; i++) {
      coalescing.unjoin(index, i);
      count(writePieces(first, 2), 1, coalescing.pieces().length(first + 1));
    }
  }

  private void count(int written, int packets, int bytes) {
    if (written >= 0) {
      tally.packets(packets, bytes);
    } else {
      tally.drops(Verdict.WRITE_REFUSED, packets);
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
