// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.Poller;
import io.jflannel.linux.tun.Memory;
import io.jflannel.linux.tun.SendBatch;
import io.jflannel.linux.tun.TunDevice;
import java.time.Duration;

/**
 * From the TUN device into datagrams: reads until there is nothing more or a batch is full, sends
 * it, and waits. Runs on one platform thread.
 */
final class Sender {

  /** The most that is read before something is sent. */
  private static final int READING = 256 << 10;

  private static final int MOST_PACKETS = 128;
  private static final int LARGEST_READ = TunDevice.HEADER + Ipv4.LARGEST;
  private static final int HEADERS = 4_096;
  private static final int PIECES = 8_192;
  private static final int LINE = 64;

  private static final Duration LONG = Duration.ofHours(1);

  /** RFC 1812 4.3.2.8 asks for a limit. */
  private static final int ANSWERS_PER_SECOND = 1_000;

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  /** The kernel's side. */
  interface Kernel {
    int read(Memory into, int at, int length);

    int write(Memory from, int at, int length);

    /** As {@link io.jflannel.linux.tun.TunnelSocket#send}. */
    int send(SendBatch batch, int from);

    /** As {@link io.jflannel.linux.tun.TunnelSocket#sendSingly}, fragmenting what is too large. */
    int sendSingly(SendBatch batch, int message);
  }

  private final Kernel kernel;
  private final Poller readable;
  private final Route route;
  private final Tally tally;
  private final int most;
  private final int vnet;
  private final Memory memory;
  private final int answer;
  private final SendBatch batch;
  private final Outgoing outgoing;
  private volatile int source;

  /** Of the present batch, what the kernel refused. */
  private int lost;

  private long lostBytes;

  private long answersSince = System.nanoTime();
  private int answers;
  private volatile boolean stopped;

  /** Where packets go; asked once for each packet. */
  interface Route {
    /** The host behind which an address is; 0 for none. */
    int host(int address);
  }

  /**
   * @param shape what the kernel does for us
   * @param port of all peers
   */
  Sender(Kernel kernel, Poller readable, Shape shape, int port, Route route, Tally tally) {
    this.kernel = kernel;
    this.readable = readable;
    this.route = route;
    this.tally = tally;
    most = shape.batch() ? MOST_PACKETS : 1;
    vnet = shape.header() ? TunDevice.HEADER : 0;
    int reading = LINE + READING + LARGEST_READ;
    memory = Memory.allocate(reading + Outgoing.space(HEADERS) + vnet + Unreachable.LARGEST);
    answer = reading + Outgoing.space(HEADERS);
    batch = new SendBatch(memory, 2 * MOST_PACKETS, PIECES, port);
    outgoing = new Outgoing(memory, batch, shape.cuts(), reading, HEADERS, tally, this::flush);
  }

  /**
   * Until {@link #stop} is called or the device is gone.
   *
   * @return whether the device is gone
   */
  boolean run() {
    while (!stopped) {
      int result = round();
      if (TunDevice.isGone(result)) {
        return !stopped;
      }
      if (result < 0) {
        readable.await(LONG);
      }
    }
    return false;
  }

  /** The TUN device's address, for what we answer; by any thread. */
  void answerFrom(int address) {
    source = address;
  }

  /** By any thread. */
  void stop() {
    stopped = true;
    readable.wake();
  }

  /** Reads and sends once; answers what the last read said. */
  int round() {
    int at = LINE - vnet; // so that each packet begins on a cache line
    int result = 0;
    for (int i = 0; i < most && at < READING; i++) {
      result = kernel.read(memory, at, vnet + Ipv4.LARGEST);
      if (result < 0) {
        break;
      }
      packet(at, result);
      at = (at + result + vnet + LINE - 1 & -LINE) - vnet;
    }
    flush();
    outgoing.rewind();
    return Errno.EINTR.is(-result) ? 0 : result;
  }

  private void packet(int header, int read) {
    int at = header + vnet;
    int length = read - vnet;
    if (length < 1 || memory.u8(at) >> 4 != 4) {
      tally.dropped(Drop.NOT_IPV4, 1);
      return;
    }
    if (!Ipv4.isWhole(memory, at, length)) {
      tally.dropped(Drop.MALFORMED, 1);
      return;
    }
    int host = route.host(memory.i32(at + Ipv4.DESTINATION));
    if (host == 0) {
      tally.dropped(Drop.NO_ROUTE, 1);
      answer(at, length);
    } else if (!Ipv4.decrementTtl(memory, at)) {
      tally.dropped(Drop.TTL, 1);
    } else if (vnet == 0) {
      outgoing.packet(at, length, host);
    } else {
      outgoing.packet(header, at, length, host);
    }
  }

  private void answer(int packet, int length) {
    if (!Unreachable.answers(memory, packet) || !mayAnswer()) {
      return;
    }
    int size = Unreachable.write(memory, packet, length, source, answer + vnet);
    memory.clear(answer, vnet);
    kernel.write(memory, answer, vnet + size);
  }

  private boolean mayAnswer() {
    long now = System.nanoTime();
    if (now - answersSince > SECOND) {
      answersSince = now;
      answers = 0;
    }
    return answers++ < ANSWERS_PER_SECOND;
  }

  private void flush() {
    int message = 0;
    while (message < batch.messages()) {
      int result = kernel.send(batch, message);
      tally.called();
      if (result > 0) {
        message += result;
      } else if (!Errno.EINTR.is(-result)) {
        refused(message, -result);
        message++;
      }
    }
    count();
    batch.clear();
    outgoing.cleared();
    lost = 0;
    lostBytes = 0;
  }

  /** What could not go as one message may go in parts; a peer without a route concerns no other. */
  private void refused(int message, int errno) {
    boolean parts =
        Errno.EMSGSIZE.is(errno)
            || ((Errno.EIO.is(errno) || Errno.EINVAL.is(errno)) && batch.datagrams(message) > 1);
    int sent = parts ? kernel.sendSingly(batch, message) : 0;
    if (Errno.EIO.is(errno)) {
      outgoing.cutNoMore();
    }
    int missing = batch.datagrams(message) - sent;
    tally.dropped(Drop.NOT_SENT, missing);
    lost += missing;
    lostBytes += (long) batch.bytes(message) / batch.datagrams(message) * missing;
  }

  private void count() {
    int datagrams = -lost;
    long bytes = -lostBytes;
    for (int i = 0; i < batch.messages(); i++) {
      datagrams += batch.datagrams(i);
      bytes += batch.bytes(i);
    }
    if (datagrams > 0) {
      tally.passed(datagrams, bytes);
    }
  }
}
