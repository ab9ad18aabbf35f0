// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.tun;

/**
 * Datagrams to be sent with one call: an array of struct mmsghdr. A message is one datagram, or
 * several of one size (the last may be shorter) to one host, which the kernel or the network card
 * cuts (UDP_SEGMENT). A datagram is made of pieces of one {@link Memory}.
 */
public final class SendBatch {

  /** struct mmsghdr of 64-bit Linux, with its members. */
  static final int HEADER = 64;

  private static final int NAME = 0;
  private static final int NAME_LENGTH = 8;
  private static final int PIECES = 16;
  private static final int PIECE_COUNT = 24;
  private static final int CONTROL = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;

  /** struct sockaddr_in. */
  static final int ADDRESS = 16;

  private static final int AF_INET = 2;

  /** CMSG_SPACE of a 16-bit number. */
  private static final int CONTROL_SPACE = 24;

  private static final int CONTROL_USED = 18;
  private static final int SOL_UDP = 17;
  private static final int UDP_SEGMENT = 103;

  private final Pieces pieces;
  private final Memory headers;
  private final Memory addresses;
  private final Memory controls;
  private final int capacity;

  private int messages;
  private int used;
  private final int[] firstPiece;
  private final int[] datagrams;
  private final int[] segment;
  private final int[] bytes;

  /**
   * @param packets where all datagrams are
   * @param messages how many there may be
   * @param pieceCount of all together
   * @param port of all receivers
   */
  public SendBatch(Memory packets, int messages, int pieceCount, int port) {
    pieces = new Pieces(packets, pieceCount);
    capacity = messages;
    headers = Memory.allocate((messages + 1) * HEADER); // the last one is for sendSingly
    addresses = Memory.allocate((messages + 1) * ADDRESS);
    controls = Memory.allocate(messages * CONTROL_SPACE);
    firstPiece = new int[messages + 1];
    datagrams = new int[messages];
    segment = new int[messages];
    bytes = new int[messages];
    for (int i = 0; i <= messages; i++) {
      addresses.putNative16(i * ADDRESS, AF_INET);
      addresses.put16(i * ADDRESS + 2, port);
      headers.putNative64(i * HEADER + NAME, addresses.address(i * ADDRESS, ADDRESS));
      headers.putNative32(i * HEADER + NAME_LENGTH, ADDRESS);
    }
    for (int i = 0; i < messages; i++) {
      controls.putNative64(i * CONTROL_SPACE, CONTROL_USED);
      controls.putNative32(i * CONTROL_SPACE + 8, SOL_UDP);
      controls.putNative32(i * CONTROL_SPACE + 12, UDP_SEGMENT);
    }
  }

  public void clear() {
    messages = 0;
    used = 0;
  }

  public int messages() {
    return messages;
  }

  /** How many datagrams a message has. */
  public int datagrams(int message) {
    return datagrams[message];
  }

  /** The length of all of them. */
  public int bytes(int message) {
    return bytes[message];
  }

  /** Whether another message of one datagram has room. */
  public boolean hasRoom() {
    return messages < capacity && used + 2 <= pieces.capacity();
  }

  /** Whether the last message has room for one more datagram. */
  public boolean hasRoomForPieces() {
    return used + 2 <= pieces.capacity();
  }

  /**
   * Begins a message.
   *
   * @param host its IPv4 address
   * @param size of its datagrams, in bytes
   */
  public void begin(int host, int size) {
    addresses.put32(messages * ADDRESS + 4, host);
    firstPiece[messages] = used;
    datagrams[messages] = 0;
    segment[messages] = size;
    bytes[messages] = 0;
    messages++;
  }

  /** Adds a datagram to the last message. */
  public void add(int at, int length) {
    pieces.set(used++, at, length);
    datagrams[messages - 1]++;
    bytes[messages - 1] += length;
  }

  /** Adds a datagram in two pieces. */
  public void add(int at, int length, int nextAt, int nextLength) {
    pieces.set(used++, at, length);
    pieces.set(used++, nextAt, nextLength);
    datagrams[messages - 1]++;
    bytes[messages - 1] += length + nextLength;
  }

  /** The first message's header, when all are filled in. */
  long prepared(int from) {
    firstPiece[messages] = used;
    for (int i = from; i < messages; i++) {
      int header = i * HEADER;
      int count = firstPiece[i + 1] - firstPiece[i];
      headers.putNative64(header + PIECES, pieces.address(firstPiece[i], count));
      headers.putNative64(header + PIECE_COUNT, count);
      boolean several = datagrams[i] > 1;
      controls.putNative16(i * CONTROL_SPACE + 16, segment[i]);
      headers.putNative64(
          header + CONTROL, several ? controls.address(i * CONTROL_SPACE, CONTROL_SPACE) : 0);
      headers.putNative64(header + CONTROL_LENGTH, several ? CONTROL_SPACE : 0);
      headers.putNative32(header + FLAGS, 0);
    }
    return headers.address(from * HEADER, (messages - from) * HEADER);
  }

  /** Of a message, the first piece. */
  int firstPiece(int message) {
    return firstPiece[message];
  }

  /** Of a message, the first piece that is not its own. */
  int endPiece(int message) {
    return firstPiece[message + 1];
  }

  /** How many pieces the datagram that begins with this one has. */
  int piecesOfDatagram(int message, int first) {
    int length = pieces.length(first);
    int next = first + 1;
    while (next < firstPiece[message + 1] && length < segment[message]) {
      length += pieces.length(next);
      next++;
    }
    return next - first;
  }

  /** The header of a message of one datagram of another message. */
  long single(int message, int first, int count) {
    int header = capacity * HEADER;
    addresses.put32(capacity * ADDRESS + 4, addresses.i32(message * ADDRESS + 4));
    headers.putNative64(header + PIECES, pieces.address(first, count));
    headers.putNative64(header + PIECE_COUNT, count);
    return headers.address(header, HEADER);
  }

  /** For tests and errors: the bytes of one datagram of a message. */
  public byte[] datagram(Memory packets, int message, int index) {
    firstPiece[messages] = used;
    int piece = firstPiece[message];
    for (int i = 0; i < index; i++) {
      piece += piecesOfDatagram(message, piece);
    }
    int count = piecesOfDatagram(message, piece);
    int length = 0;
    for (int i = 0; i < count; i++) {
      length += pieces.length(piece + i);
    }
    byte[] bytes = new byte[length];
    int at = 0;
    for (int i = 0; i < count; i++) {
      byte[] part = packets.bytes(pieces.at(piece + i), pieces.length(piece + i));
      System.arraycopy(part, 0, bytes, at, part.length);
      at += part.length;
    }
    return bytes;
  }

  /** The host that a message goes to. */
  public int host(int message) {
    return addresses.i32(message * ADDRESS + 4);
  }
}
