// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.VnetHeader;
import java.nio.ByteBuffer;

/** Does the work that the kernel has left to us, as told by what stands before each packet. */
final class OffloadSender implements Sender {

  /** Bytes for the headers of a segment. */
  private static final int SLOT = 128;

  private static final int SLOTS = 4096;

  /** Where the checksum of UDP is in its header. */
  private static final int UDP_CHECKSUM = 6;

  private final NativeMemory memory;
  private final Segmentation segmentation;
  private final BatchSender batch;
  private final Tally tally;
  private final int headers;
  private int used;

  OffloadSender(NativeMemory memory, BatchSender batch, Tally tally) {
    this.memory = memory;
    this.segmentation = new Segmentation(memory);
    this.batch = batch;
    this.tally = tally;
    this.headers = memory.take(SLOTS * SLOT);
  }

  @Override
  public void send(int at, int length, int hop) {
    int vnet = at - VnetHeader.BYTES;
    int type = VnetHeader.type(memory, vnet);
    if (type != VnetHeader.NONE) {
      sendSegments(at, length, type, VnetHeader.size(memory, vnet), hop);
    } else if (!VnetHeader.needsChecksum(memory, vnet) || finishChecksum(vnet, at, length)) {
      batch.send(at, length, hop);
    } else {
      tally.drop(Verdict.MALFORMED);
    }
  }

  /** The field holds the sum of the pseudo header, which so is part of what is summed up. */
  private boolean finishChecksum(int vnet, int at, int length) {
    int start = VnetHeader.checksumStart(memory, vnet);
    int offset = VnetHeader.checksumField(memory, vnet);
    if (start + offset + 2 > length) {
      return false;
    }
    int sum = Checksum.sum(memory, at + start, length - start);
    ByteBuffer network = memory.network();
    boolean udp = Ipv4.protocol(network, at) == Ipv4.UDP && offset == UDP_CHECKSUM;
    short checksum = udp ? Segmentation.udpChecksum(sum) : Checksum.complement(sum);
    network.putShort(at + start + offset, checksum);
    return true;
  }

  private void sendSegments(int at, int length, int type, int size, int hop) {
    int segments = segmentation.begin(at, length, type, size);
    if (segments == 0) {
      tally.drop(Verdict.MALFORMED);
    }
    for (int i = 0; i < segments; i++) {
      if (used == SLOTS) {
        flush();
      }
      int header = headers + SLOT * used++;
      segmentation.write(i, header);
      batch.send(
          header,
          segmentation.headerLength(),
          segmentation.payloadAt(i),
          segmentation.payloadLength(i),
          hop);
    }
  }

  @Override
  public void flush() {
    batch.flush();
    used = 0;
  }
}
