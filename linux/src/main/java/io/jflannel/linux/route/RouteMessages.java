// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.REQUEST;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.function.Consumer;

/** Routes on the wire: struct rtmsg and RTA_* of linux/rtnetlink.h. */
final class RouteMessages {

  static final int NEWROUTE = 24;
  static final int DELROUTE = 25;
  static final int GETROUTE = 26;

  private static final int HEADER = 12;
  private static final int RTA_DST = 1;
  private static final int RTA_OIF = 4;
  private static final int RTA_GATEWAY = 5;
  private static final int RTA_PRIORITY = 6;
  private static final int RTA_PREFSRC = 7;
  private static final int RTA_METRICS = 8;
  private static final int RTA_MULTIPATH = 9;
  private static final int RTA_TABLE = 15;
  private static final int RTA_VIA = 18;
  private static final int RTA_NH_ID = 30;

  private static final int RTAX_MTU = 2;
  private static final int RTNH_F_ONLINK = 4;
  private static final int RTM_F_LOOKUP_TABLE = 0x1000;
  private static final int RT_TABLE_COMPAT = 252;

  private RouteMessages() {}

  /**
   * Attributes in the order DST, GATEWAY, OIF (golden G6), then what flannel itself never sends.
   */
  static void encode(Route route, int type, int flags, MessageWriter out, int sequence) {
    Cidr destination = route.destination();
    header(
        out.begin(type, REQUEST | flags, sequence),
        route,
        Families.number(destination.ip()),
        destination.length());
    if (destination.length() > 0) {
      out.attribute(RTA_DST, destination.ip());
    }
    if (route.gateway().isPresent()) {
      gateway(destination.ip(), route.gateway().get(), out);
    }
    if (route.nexthopId() == 0) {
      out.attribute32(RTA_OIF, route.linkIndex()); // sent even when 0, as upstream does
    } else {
      out.attribute32(RTA_NH_ID, route.nexthopId());
    }
    if (route.metric() != 0) {
      out.attribute32(RTA_PRIORITY, route.metric());
    }
    if (route.preferredSource().isPresent()) {
      out.attribute(RTA_PREFSRC, route.preferredSource().get());
    }
    if (route.table() > 255) {
      out.attribute32(RTA_TABLE, route.table());
    }
    out.end();
  }

  private static void header(MessageWriter out, Route route, int family, int length) {
    out.u8(family)
        .u8(length)
        .u8(0)
        .u8(route.tos())
        .u8(route.table() > 255 ? RT_TABLE_COMPAT : route.table())
        .u8(route.protocol())
        .u8(route.scope())
        .u8(route.type().number())
        .u32(route.onlink() ? RTNH_F_ONLINK : 0);
  }

  private static void gateway(Ip destination, Ip gateway, MessageWriter out) {
    if (gateway.family() == destination.family()) {
      out.attribute(RTA_GATEWAY, gateway);
      return;
    }
    int via = out.nest(RTA_VIA); // struct rtvia: family, address; 2 + 16 bytes need padding
    out.u16(Families.number(gateway)).address(gateway).unnest(via).u16(0);
  }

  static void list(RouteFilter filter, MessageWriter out, int sequence) {
    out.begin(GETROUTE, REQUEST, sequence)
        .u8(Families.number(filter.family()))
        .u8(0)
        .u16(0)
        .u8(filter.table() > 255 ? RT_TABLE_COMPAT : filter.table())
        .u8(filter.protocol())
        .u16(0)
        .u32(0);
    if (filter.table() > 255) {
      out.attribute32(RTA_TABLE, filter.table());
    }
    if (filter.linkIndex() != 0) {
      out.attribute32(RTA_OIF, filter.linkIndex());
    }
    out.end();
  }

  /**
   * Whom would a packet of this host to {@code destination} go to? IPv6 always answers with the
   * table, and refuses the flag that asks for it when requests are checked strictly.
   */
  static void lookUp(Ip destination, MessageWriter out, int sequence) {
    out.begin(GETROUTE, REQUEST, sequence)
        .u8(Families.number(destination))
        .u8(destination.family().bits())
        .u16(0)
        .u32(0)
        .u32(destination.isV4() ? RTM_F_LOOKUP_TABLE : 0)
        .attribute(RTA_DST, destination)
        .end();
  }

  static void decode(MessageReader in, Consumer<Route> sink) {
    parts(in).ifPresent(parts -> sink.accept(parts.route(in)));
  }

  static void decodeLookup(MessageReader in, Consumer<RouteLookup.Found> sink) {
    parts(in).ifPresent(parts -> sink.accept(new RouteLookup.Found(parts.route(in), parts.mtu)));
  }

  private static Optional<Parts> parts(MessageReader in) {
    in.requireHeader(HEADER);
    int family = in.u8(0);
    if (Families.of(family).isEmpty()) {
      return Optional.empty(); // multicast routing and MPLS come in the same messages
    }
    Parts parts = new Parts(family, in.u8(4));
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      parts.take(attribute);
    }
    return Families.representable(family, parts.destination, in.u8(1))
        ? Optional.of(parts)
        : Optional.empty();
  }

  /** What the attributes say, in whatever order they come. */
  private static final class Parts {

    private Ip destination;
    private Optional<Ip> gateway = Optional.empty();
    private Optional<Ip> source = Optional.empty();
    private int table;
    private int link;
    private int metric;
    private int nexthop;
    private int mtu;
    private boolean multipath;

    Parts(int family, int table) {
      this.destination = Families.unspecified(family);
      this.table = table;
    }

    void take(Attributes attribute) {
      switch (attribute.type()) {
        case RTA_DST -> destination = attribute.ip();
        case RTA_GATEWAY -> gateway = Optional.of(attribute.ip());
        case RTA_VIA -> gateway = Optional.of(attribute.ip(2));
        case RTA_OIF -> link = attribute.u32();
        case RTA_PRIORITY -> metric = attribute.u32();
        case RTA_PREFSRC -> source = Optional.of(attribute.ip());
        case RTA_TABLE -> table = attribute.u32();
        case RTA_NH_ID -> nexthop = attribute.u32();
        case RTA_METRICS -> metrics(attribute.nested());
        case RTA_MULTIPATH -> multipath = true;
        default -> {}
      }
    }

    private void metrics(Attributes metrics) {
      while (metrics.next()) {
        if (metrics.type() == RTAX_MTU) {
          mtu = metrics.u32();
        }
      }
    }

    Route route(MessageReader in) {
      return new Route(
          new Cidr(destination, in.u8(1)),
          RouteType.of(in.u8(7)),
          table,
          in.u8(5),
          in.u8(6),
          metric,
          in.u8(3),
          gateway,
          link,
          (in.u32(8) & RTNH_F_ONLINK) != 0,
          source,
          nexthop,
          multipath);
    }
  }
}
