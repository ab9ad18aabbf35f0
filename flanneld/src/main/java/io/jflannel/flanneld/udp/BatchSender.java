// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.IoVectors;
import io.jflannel.linux.tun.MessageVector;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.UdpSocket;
import io.jflannel.linux.tun.UdpSocket.PathMtu;

/**
 * Many messages per system call and, where the kernel segments, many packets per message: those
 * that follow each other to one peer, all of one size but the last, which may be shorter.
 */
final class BatchSender implements Sender {

  private static final int MOST_MESSAGES = 256;
  private static final int MOST_PIECES = 8192;

  /** UDP_MAX_SEGMENTS (linux/udp.h) before Linux 6.9, which doubled it. */
  private static final int MOST_SEGMENTS = 64;

  /** Of the payload of UDP over IPv4. */
  private static final int LONGEST = 65507;

  private static final int MOST_UNSEGMENTED = 64;

  private final UdpSocket socket;
  private final int port;
  private final Tally tally;
  private final Fallbacks fallbacks;
  private final IoVectors pieces;
  private final MessageVector vector;
  private final int[] hops = new int[MOST_MESSAGES];
  private final int[] firstPieces = new int[MOST_MESSAGES + 1];
  private final int[] packets = new int[MOST_MESSAGES];
  private final int[] sizes = new int[MOST_MESSAGES];
  private final int[] lengths = new int[MOST_MESSAGES];
  private final UnsegmentedHops unsegmented = new UnsegmentedHops();
  private boolean segments;
  private int messages;
  private int pieceCount;

  /** Whether the last message can take no more, as its last packet was a shorter one. */
  private boolean closed;

  /**
   * @param segments whether the kernel cuts a message into datagrams
   */
  BatchSender(
      UdpSocket socket,
      int port,
      NativeMemory memory,
      boolean segments,
      Tally tally,
      Fallbacks fallbacks) {
    this.socket = socket;
    this.port = port;
    this.tally = tally;
    this.fallbacks = fallbacks;
    this.segments = segments;
    this.pieces = new IoVectors(memory, memory.take(IoVectors.bytes(MOST_PIECES)));
    int base = memory.take(MessageVector.bytes(MOST_MESSAGES));
    this.vector = new MessageVector(memory, base, MOST_MESSAGES);
  }

  @Override
  public void send(int at, int length, int hop) {
    send(at, length, 0, 0, hop);
  }

  /**
   * As {@link #send(int, int, int)}, for a packet in two pieces, the second of which may be empty.
   */
  void send(int head, int headLength, int body, int bodyLength, int hop) {
    int length = headLength + bodyLength;
    if (pieceCount + 2 > MOST_PIECES) {
      flush();
    }
    if (!joins(length, hop)) {
      begin(length, hop);
    }
    int last = messages - 1;
    closed = length < sizes[last];
    packets[last]++;
    lengths[last] += length;
    pieces.set(pieceCount++, head, headLength);
    if (bodyLength > 0) {
      pieces.set(pieceCount++, body, bodyLength);
    }
  }

  private boolean joins(int length, int hop) {
    int last = messages - 1;
    return segments
        && last >= 0
        && !closed
        && hops[last] == hop
        && !unsegmented.contains(hop)
        && length <= sizes[last]
        && lengths[last] + length <= LONGEST
        && packets[last] < MOST_SEGMENTS;
  }

  private void begin(int length, int hop) {
    if (messages == MOST_MESSAGES) {
      flush();
    }
    hops[messages] = hop;
    sizes[messages] = length;
    firstPieces[messages] = pieceCount;
    packets[messages] = 0;
    lengths[messages] = 0;
    messages++;
  }

  @Override
  public void flush() {
    firstPieces[messages] = pieceCount;
    for (int i = 0; i < messages; i++) {
      int segment = packets[i] > 1 ? sizes[i] : 0;
      prepare(i, firstPieces[i], firstPieces[i + 1] - firstPieces[i], segment);
    }
    int next = 0;
    while (next < messages) {
      int sent = socket.send(vector, next, messages - next);
      tally.call();
      for (int i = next; i < next + sent; i++) {
        tally.packets(packets[i], lengths[i]);
      }
      if (sent > 0) {
        next += sent;
      } else if (!Errno.EINTR.is(-sent)) {
        refused(next, -sent);
        next++;
      }
    }
    messages = 0;
    pieceCount = 0;
  }

  private void prepare(int message, int first, int count, int segment) {
    vector.toSend(message, pieces, first, count, segment, hops[message], port);
  }

  /**
   * A message that was not sent. Its packets go one by one if the reason is that they are many, or
   * that one is too long for the path: EIO is a device or a policy (IPsec) that cannot segment;
   * EINVAL and EMSGSIZE are segments that are too long or too many.
   */
  private void refused(int message, int errno) {
    boolean many = packets[message] > 1;
    if (many && Errno.EIO.is(errno)) {
      giveUpSegmentation(hops[message]);
    }
    if (Errno.EMSGSIZE.is(errno) || many && (Errno.EIO.is(errno) || Errno.EINVAL.is(errno))) {
      sendEach(message);
    } else {
      tally.drops(Verdict.SEND_REFUSED, packets[message]);
    }
  }

  /** Towards one peer; where it is so towards many it is so towards all. */
  private void giveUpSegmentation(int hop) {
    unsegmented.add(hop);
    segments &= unsegmented.size() <= MOST_UNSEGMENTED;
    fallbacks.add(
        "segmentation of messages",
        "EIO",
        segments
            ? "each datagram to a peer that this concerns is sent by itself"
            : "each datagram is sent by itself");
  }

  /** What does not fit the path is fragmented here, as by upstream's socket. */
  private void sendEach(int message) {
    socket.pathMtu(PathMtu.WANT);
    int piece = firstPieces[message];
    for (int i = 0; i < packets[message]; i++) {
      int size = Math.min(sizes[message], lengths[message] - i * sizes[message]);
      int count = pieces.length(piece) < size ? 2 : 1;
      prepare(message, piece, count, 0);
      sendOne(message, size);
      piece += count;
    }
    if (segments) {
      socket.pathMtu(PathMtu.DO);
    }
  }

  private void sendOne(int message, int length) {
    int sent;
    do {
      sent = socket.send(vector, message, 1);
      tally.call();
    } while (Errno.EINTR.is(-sent));
    if (sent < 0) {
      tally.drop(Verdict.SEND_REFUSED);
    } else {
      tally.packet(length);
    }
  }
}
