// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.tun.NativeMemory;
import java.util.concurrent.atomic.AtomicReference;

/** From the peers to the TUN: the work of the thread "udp rx". */
final class Inbound implements Rounds {

  private final Receiver receiver;
  private final TunWriter writer;
  private final NativeMemory memory;
  private final Admission admission;
  private final AtomicReference<ForwardingTable> table;
  private final Tally tally;

  Inbound(
      Receiver receiver,
      TunWriter writer,
      NativeMemory memory,
      Admission admission,
      AtomicReference<ForwardingTable> table,
      Tally tally) {
    this.receiver = receiver;
    this.writer = writer;
    this.memory = memory;
    this.admission = admission;
    this.table = table;
    this.tally = tally;
  }

  @Override
  public boolean round() {
    int messages = receiver.receive();
    tally.call();
    if (messages < 0) {
      return passing(messages);
    }
    ForwardingTable now = table.get();
    for (int i = 0; i < messages; i++) {
      message(i, now);
    }
    boolean there = writer.flush();
    tally.round();
    return there;
  }

  /** The kernel may be short of memory for a moment; anything else is not expected of a socket. */
  private static boolean passing(int errno) {
    if (Errno.EINTR.is(-errno) || Errno.ENOMEM.is(-errno) || Errno.ENOBUFS.is(-errno)) {
      return true;
    }
    throw new LinuxException("receive from UDP socket", -errno, "");
  }

  private void message(int index, ForwardingTable now) {
    int length = receiver.length(index);
    int segment = Math.max(1, receiver.segment(index));
    int datagrams = Math.max(1, (length + segment - 1) / segment);
    int sender = receiver.sender(index);
    if (!now.isPeer(sender)) {
      tally.drops(Verdict.UNKNOWN_SENDER, datagrams);
    } else if (receiver.truncated(index)) {
      tally.drops(Verdict.TRUNCATED, datagrams);
    } else {
      int at = receiver.at(index);
      for (int i = 0; i < datagrams; i++) {
        int offset = i * segment;
        datagram(at + offset, Math.min(segment, length - offset), sender, now);
      }
    }
  }

  private void datagram(int at, int length, int sender, ForwardingTable now) {
    Verdict verdict = admission.ofPeer(memory, at, length, sender, now);
    if (verdict == Verdict.PASS) {
      Ipv4.decrementTimeToLive(memory.network(), at);
      writer.write(at, length);
    } else {
      tally.drop(verdict);
    }
  }
}
