// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.Memory;
import io.jflannel.linux.tun.Pieces;
import io.jflannel.linux.tun.ReceiveBatch;
import io.jflannel.linux.tun.TunDevice;
import io.jflannel.net.Cidr;

/**
 * From datagrams to the TUN device. Runs on one platform thread.
 *
 * <p>Upstream believes every sender (B28). Here a datagram must come from a host that has a lease,
 * and its packet must stay within the network. That a host sends only from its own subnet is not
 * asked for: while a lease moves, two hosts have it.
 */
final class Receiver {

  private static final int MESSAGES = 8;

  /** More than one call can bring in packets of ordinary size. */
  private static final int PACKETS = 512;

  /** The kernel's side. */
  interface Kernel {
    /** As {@link io.jflannel.linux.tun.TunnelSocket#receive}. */
    int receive(ReceiveBatch batch);

    int write(Memory from, int at, int length);

    int write(Pieces pieces, int from, int count);
  }

  /** Who may send. */
  interface Peers {
    boolean isPeer(int host);
  }

  private final Kernel kernel;
  private final Shape shape;
  private final Peers peers;
  private final Tally tally;
  private final int network;
  private final int mask;
  private final Memory memory;
  private final ReceiveBatch batch;
  private final Incoming incoming;
  private volatile boolean stopped;
  private boolean gone;

  Receiver(Kernel kernel, Shape shape, Cidr network, Peers peers, Tally tally) {
    this.kernel = kernel;
    this.shape = shape;
    this.peers = peers;
    this.tally = tally;
    mask = network.length() == 0 ? 0 : -1 << (32 - network.length());
    this.network = network.ip().v4Bits() & mask;
    int messages = shape.batch() ? MESSAGES : 1;
    int headers = messages * ReceiveBatch.MESSAGE;
    memory = Memory.allocate(headers + Incoming.space(PACKETS));
    batch = new ReceiveBatch(memory, 0, messages);
    incoming = new Incoming(memory, headers, PACKETS, shape.header(), shape.largeUdp());
  }

  /**
   * Until {@link #stop} is called and the socket is woken, or the device is gone.
   *
   * @return whether the device is gone
   */
  boolean run() {
    while (!stopped && !gone) {
      round();
    }
    return gone && !stopped;
  }

  /** By any thread; the socket must be woken. */
  void stop() {
    stopped = true;
  }

  /** Receives and writes once. */
  void round() {
    int messages = kernel.receive(batch);
    if (stopped) {
      return;
    }
    tally.called();
    for (int message = 0; message < messages; message++) {
      take(message);
    }
    write();
  }

  private void take(int message) {
    int length = batch.length(message);
    int segment = batch.segment(message);
    int datagrams = Math.max(1, (length + segment - 1) / segment);
    if (batch.isTruncated(message)) {
      tally.dropped(Drop.TRUNCATED, datagrams);
    } else if (!peers.isPeer(batch.host(message))) {
      tally.dropped(Drop.UNKNOWN_SENDER, datagrams);
    } else {
      int at = batch.at(message);
      for (int from = 0; from < length || from == 0; from += segment) {
        packet(at + from, Math.min(segment, length - from));
      }
    }
  }

  private void packet(int at, int length) {
    if (!Ipv4.isWhole(memory, at, length)) {
      tally.dropped(Drop.MALFORMED, 1);
    } else if (!isInside(memory.i32(at + Ipv4.SOURCE))
        || !isInside(memory.i32(at + Ipv4.DESTINATION))) {
      tally.dropped(Drop.OUTSIDE, 1);
    } else if (!Ipv4.decrementTtl(memory, at)) {
      tally.dropped(Drop.TTL, 1);
    } else {
      if (incoming.isFull()) {
        write();
      }
      incoming.add(at, length);
    }
  }

  private boolean isInside(int address) {
    return (address & mask) == network;
  }

  private void write() {
    for (int i = 0; i < incoming.count(); i++) {
      int result = write(i);
      while (Errno.EINTR.is(-result) || Errno.EAGAIN.is(-result)) {
        result = write(i);
      }
      if (result > 0) {
        tally.passed(incoming.packets(i), incoming.length(i));
      } else {
        gone |= TunDevice.isGone(result);
        tally.dropped(Drop.NOT_DELIVERED, incoming.packets(i));
      }
    }
    incoming.clear();
  }

  private int write(int index) {
    if (!shape.header()) {
      return kernel.write(memory, incoming.at(index), incoming.length(index));
    }
    Pieces pieces = incoming.finished(index);
    return kernel.write(pieces, incoming.firstPiece(index), incoming.pieceCount(index));
  }
}
