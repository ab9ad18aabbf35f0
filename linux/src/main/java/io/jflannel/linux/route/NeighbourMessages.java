// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.CREATE;
import static io.jflannel.linux.netlink.Netlink.REPLACE;
import static io.jflannel.linux.netlink.Netlink.REQUEST;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;
import java.util.function.Consumer;

/** Neighbours and FDB entries on the wire: struct ndmsg and NDA_* of linux/neighbour.h. */
final class NeighbourMessages {

  static final int NEWNEIGH = 28;
  static final int DELNEIGH = 29;
  static final int GETNEIGH = 30;

  private static final int HEADER = 12;
  private static final int NDA_DST = 1;
  private static final int NDA_LLADDR = 2;
  private static final int NDA_IFINDEX = 8;

  /** ndm_type that upstream sends with neighbours (golden G6). */
  private static final int RTN_UNICAST = 1;

  private NeighbourMessages() {}

  static void put(Neighbour neighbour, MessageWriter out, int sequence) {
    neighbour(neighbour, out.begin(NEWNEIGH, REQUEST | CREATE | REPLACE, sequence));
  }

  static void delete(Neighbour neighbour, MessageWriter out, int sequence) {
    neighbour(neighbour, out.begin(DELNEIGH, REQUEST, sequence));
  }

  private static void neighbour(Neighbour neighbour, MessageWriter out) {
    header(
        out,
        Families.number(neighbour.ip()),
        neighbour.linkIndex(),
        neighbour.state(),
        neighbour.flags(),
        RTN_UNICAST);
    out.attribute(NDA_DST, neighbour.ip());
    if (neighbour.mac().isPresent()) {
      out.attribute(NDA_LLADDR, neighbour.mac().get());
    }
    out.end();
  }

  static void put(FdbEntry entry, MessageWriter out, int sequence) {
    fdb(entry, entry.state(), out.begin(NEWNEIGH, REQUEST | CREATE | REPLACE, sequence));
  }

  static void delete(FdbEntry entry, MessageWriter out, int sequence) {
    fdb(entry, 0, out.begin(DELNEIGH, REQUEST, sequence));
  }

  private static void fdb(FdbEntry entry, int state, MessageWriter out) {
    header(out, Families.BRIDGE, entry.linkIndex(), state, entry.flags(), 0);
    if (entry.remote().isPresent()) {
      out.attribute(NDA_DST, entry.remote().get());
    }
    out.attribute(NDA_LLADDR, entry.mac()).end();
  }

  /**
   * @param linkIndex 0 for all
   */
  static void list(int linkIndex, Family family, MessageWriter out, int sequence) {
    header(out.begin(GETNEIGH, REQUEST, sequence), Families.number(family), 0, 0, 0, 0);
    if (linkIndex != 0) {
      out.attribute32(NDA_IFINDEX, linkIndex);
    }
    out.end();
  }

  static void listFdb(int linkIndex, MessageWriter out, int sequence) {
    header(out.begin(GETNEIGH, REQUEST, sequence), Families.BRIDGE, linkIndex, 0, 0, 0);
    out.end();
  }

  private static void header(
      MessageWriter out, int family, int linkIndex, int state, int flags, int type) {
    out.u8(family).u8(0).u16(0).u32(linkIndex).u16(state).u8(flags).u8(type);
  }

  static void decode(MessageReader in, Consumer<Neighbour> sink) {
    in.requireHeader(HEADER);
    int family = in.u8(0);
    if (Families.of(family).isEmpty()) {
      return;
    }
    Ip ip = Families.unspecified(family);
    Optional<MacAddress> mac = Optional.empty();
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      switch (attribute.type()) {
        case NDA_DST -> ip = attribute.ip();
        case NDA_LLADDR -> mac = attribute.mac();
        default -> {}
      }
    }
    if (Families.representable(family, ip, 0)) {
      sink.accept(new Neighbour(in.u32(4), ip, mac, in.u16(8), in.u8(10)));
    }
  }

  /** Entries without an Ethernet address are dropped. */
  static void decodeFdb(MessageReader in, Consumer<FdbEntry> sink) {
    in.requireHeader(HEADER);
    if (in.u8(0) != Families.BRIDGE) {
      return;
    }
    Optional<Ip> remote = Optional.empty();
    Optional<MacAddress> mac = Optional.empty();
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      switch (attribute.type()) {
        case NDA_DST -> remote = Optional.of(attribute.ip());
        case NDA_LLADDR -> mac = attribute.mac();
        default -> {}
      }
    }
    if (mac.isPresent()) {
      sink.accept(new FdbEntry(in.u32(4), mac.get(), remote, in.u16(8), in.u8(10)));
    }
  }
}
