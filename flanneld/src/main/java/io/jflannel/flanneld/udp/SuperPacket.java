// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

/**
 * A packet that has arrived, to which those that follow it in its flow may be joined. Mutable, and
 * used again for each batch.
 */
final class SuperPacket {

  /** What may be joined to a packet. */
  enum Kind {
    /** Segments of TCP. */
    TCP,
    /** Datagrams of UDP. */
    UDP,
    /** Nothing; and what comes after it in its flow must not be joined to what is before. */
    BARRIER,
    /** Nothing, and it is in no flow that could be joined. */
    ALONE
  }

  Kind kind = Kind.ALONE;

  /** Of the first packet. */
  int at;

  /** Bytes of its headers. */
  int header;

  /** Bytes of its payload, and of that of each joined one but the last. */
  int size;

  /** Bytes, headers once. */
  int length;

  /** How many packets it is. */
  int packets;

  int source;
  int destination;
  int protocol;

  /** Both, as they stand in the header; {@link #ANY_PORTS} where they are not known. */
  long ports;

  static final long ANY_PORTS = -1;

  /** The sequence number that must follow. */
  int nextSequence;

  /** The identification that must follow, where fragments are allowed. */
  int nextIdentification;

  /** Of TCP, with those that joined ones bring. */
  int flags;

  /** As they came, of the first packet: what sealing overwrites. */
  int ownFlags;

  int ownChecksum;

  /** Whether its checksum was found right. */
  boolean verified;

  /** Whether no other may be joined. */
  boolean closed;

  /** Whether packets of this and of another are in the same flow, as far as can be told. */
  boolean sameFlow(int source, int destination, int protocol, long ports) {
    return this.source == source
        && this.destination == destination
        && this.protocol == protocol
        && (this.ports == ports || this.ports == ANY_PORTS || ports == ANY_PORTS);
  }
}
