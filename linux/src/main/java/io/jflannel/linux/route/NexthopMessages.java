// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.CREATE;
import static io.jflannel.linux.netlink.Netlink.EXCL;
import static io.jflannel.linux.netlink.Netlink.REQUEST;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.function.Consumer;

/** Nexthop objects on the wire: struct nhmsg and NHA_* of linux/nexthop.h. */
final class NexthopMessages {

  static final int NEWNEXTHOP = 104;
  static final int DELNEXTHOP = 105;
  static final int GETNEXTHOP = 106;

  private static final int HEADER = 8;
  private static final int NHA_ID = 1;
  private static final int NHA_GROUP = 2;
  private static final int NHA_BLACKHOLE = 4;
  private static final int NHA_OIF = 5;
  private static final int NHA_GATEWAY = 6;
  private static final int NHA_FDB = 11;
  private static final int RTNH_F_ONLINK = 4;

  private NexthopMessages() {}

  static void add(Nexthop nexthop, MessageWriter out, int sequence) {
    if (nexthop.kind() != Nexthop.Kind.SINGLE && nexthop.kind() != Nexthop.Kind.BLACKHOLE) {
      throw new IllegalArgumentException("cannot create " + nexthop);
    }
    int family = nexthop.family().map(Families::number).orElse(Families.UNSPEC);
    out.begin(NEWNEXTHOP, REQUEST | CREATE | EXCL, sequence);
    header(out, family, nexthop.protocol(), nexthop.onlink() ? RTNH_F_ONLINK : 0);
    if (nexthop.id() != 0) {
      out.attribute32(NHA_ID, nexthop.id());
    }
    if (nexthop.kind() == Nexthop.Kind.BLACKHOLE) {
      out.flag(NHA_BLACKHOLE);
    } else {
      out.attribute32(NHA_OIF, nexthop.linkIndex());
    }
    if (nexthop.gateway().isPresent()) {
      out.attribute(NHA_GATEWAY, nexthop.gateway().get());
    }
    out.end();
  }

  static void delete(int id, MessageWriter out, int sequence) {
    header(out.begin(DELNEXTHOP, REQUEST, sequence), Families.UNSPEC, 0, 0);
    out.attribute32(NHA_ID, id).end();
  }

  /**
   * @param linkIndex 0 for all
   */
  static void list(int linkIndex, MessageWriter out, int sequence) {
    header(out.begin(GETNEXTHOP, REQUEST, sequence), Families.UNSPEC, 0, 0);
    if (linkIndex != 0) {
      out.attribute32(NHA_OIF, linkIndex);
    }
    out.end();
  }

  private static void header(MessageWriter out, int family, int protocol, int flags) {
    out.u8(family).u8(0).u8(protocol).u8(0).u32(flags);
  }

  static void decode(MessageReader in, Consumer<Nexthop> sink) {
    in.requireHeader(HEADER);
    int id = 0;
    int link = 0;
    Optional<Ip> gateway = Optional.empty();
    Nexthop.Kind kind = Nexthop.Kind.SINGLE;
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      switch (attribute.type()) {
        case NHA_ID -> id = attribute.u32();
        case NHA_OIF -> link = attribute.u32();
        case NHA_GATEWAY -> gateway = Optional.of(attribute.ip());
        case NHA_GROUP -> kind = Nexthop.Kind.GROUP;
        case NHA_BLACKHOLE -> kind = Nexthop.Kind.BLACKHOLE;
        case NHA_FDB -> kind = Nexthop.Kind.FDB;
        default -> {}
      }
    }
    boolean onlink = (in.u32(4) & RTNH_F_ONLINK) != 0;
    sink.accept(new Nexthop(id, kind, Families.of(in.u8(0)), gateway, link, onlink, in.u8(2)));
  }
}
