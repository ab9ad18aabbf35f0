// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.TunDevice;
import io.jflannel.linux.tun.VnetHeader;
import java.util.concurrent.atomic.AtomicReference;

/**
 * From the TUN to the peers: the work of the thread "udp tx". A round reads what the TUN has, up to
 * the size of the memory for it, and sends it; packets stay where they were read.
 */
final class Outbound implements Rounds {

  /** What the memory for packets holds at least, beside one of the longest. */
  static final int PACKETS_BYTES = 256 << 10;

  /** A round reads no more, so that a flood does not delay the first of it. */
  private static final int MOST_PACKETS = 128;

  /** Of IPv4, and what stands before it. */
  private static final int LONGEST = 65535 + VnetHeader.BYTES;

  /** Packets begin on lines of the processor's cache; what stands before ends the line before. */
  private static final int LINE = 64;

  private final TunDevice device;
  private final NativeMemory memory;
  private final int header;
  private final Sender sender;
  private final Admission admission;
  private final AtomicReference<ForwardingTable> table;
  private final OwnSubnet own;
  private final Tally tally;
  private final AnswerLimit limit = new AnswerLimit(System.nanoTime());
  private final int packets;
  private final int answer;

  /** The route of the packet before: packets come in flows. */
  private ForwardingTable lastTable = ForwardingTable.EMPTY;

  private int lastDestination;
  private int lastHop = ForwardingTable.NONE;

  /**
   * @param header bytes that stand before a packet on the TUN
   * @param own whose first address is the TUN's
   */
  Outbound(
      TunDevice device,
      NativeMemory memory,
      int header,
      Sender sender,
      Admission admission,
      AtomicReference<ForwardingTable> table,
      OwnSubnet own,
      Tally tally) {
    this.device = device;
    this.memory = memory;
    this.header = header;
    this.sender = sender;
    this.admission = admission;
    this.table = table;
    this.own = own;
    this.tally = tally;
    this.packets = memory.take(PACKETS_BYTES + LONGEST) + LINE;
    this.answer = memory.take(LINE + Unreachable.LONGEST) + LINE;
  }

  @Override
  public boolean round() {
    ForwardingTable now = table.get();
    int at = packets;
    int count = 0;
    boolean there = true;
    boolean more = true;
    while (more && count < MOST_PACKETS && at < packets + PACKETS_BYTES - LINE) {
      int read = device.read(memory, at - header, LONGEST);
      if (read >= 0) {
        packet(at, read - header, now);
        at = at + read + LINE - 1 & -LINE;
        count++;
      } else if (!Errno.EINTR.is(-read)) {
        there = there(read);
        more = false;
      }
    }
    sender.flush();
    tally.round();
    if (there && !more) {
      device.await();
    }
    return there;
  }

  private static boolean there(int errno) {
    if (Errno.EAGAIN.is(-errno)) {
      return true;
    }
    if (TunWriter.gone(errno)) {
      return false;
    }
    throw new LinuxException("read from TUN", -errno, "");
  }

  private void packet(int at, int length, ForwardingTable now) {
    Verdict form = admission.ofTun(memory.network(), at, length);
    if (form != Verdict.PASS) {
      tally.drop(form);
      return;
    }
    int hop = hop(Ipv4.destination(memory.network(), at), now);
    if (hop == ForwardingTable.NONE) {
      tally.drop(Verdict.NO_ROUTE);
      answer(at);
    } else if (Admission.ofTimeToLive(memory.network(), at) != Verdict.PASS) {
      tally.drop(Verdict.TTL_EXPIRED);
    } else {
      Ipv4.decrementTimeToLive(memory.network(), at);
      sender.send(at, length, hop);
    }
  }

  /** What is for a peer's own address has come back to us: wrapped again it would never end. */
  private int hop(int destination, ForwardingTable now) {
    if (destination != lastDestination || !now.equals(lastTable)) {
      lastHop = now.isPeer(destination) ? ForwardingTable.NONE : now.nextHop(destination);
      lastDestination = destination;
      lastTable = now;
    }
    return lastHop;
  }

  private void answer(int at) {
    int length = Unreachable.answer(memory, at, answer, own.address());
    if (length > 0 && limit.allows(System.nanoTime())) {
      if (header > 0) {
        VnetHeader.complete(memory, answer - header);
      }
      device.write(memory, answer - header, length + header);
      tally.unreachable();
    }
  }
}
