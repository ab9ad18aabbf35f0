// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.CREATE;
import static io.jflannel.linux.netlink.Netlink.EXCL;
import static io.jflannel.linux.netlink.Netlink.REQUEST;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.MacAddress;
import java.util.Optional;
import java.util.function.Consumer;

/** Links on the wire: struct ifinfomsg and IFLA_* of linux/if_link.h. */
final class LinkMessages {

  static final int NEWLINK = 16;
  static final int DELLINK = 17;
  static final int GETLINK = 18;
  static final int SETLINK = 19;

  private static final int HEADER = 16;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_MASTER = 10;
  private static final int IFLA_TXQLEN = 13;
  private static final int IFLA_LINKINFO = 18;
  private static final int IFLA_NET_NS_FD = 28;
  private static final int IFLA_EXT_MASK = 29;
  private static final int IFLA_INFO_KIND = 1;
  private static final int IFLA_INFO_DATA = 2;
  private static final int VETH_INFO_PEER = 1;
  private static final int IFLA_BR_MCAST_SNOOPING = 23;

  /** RTEXT_FILTER_SKIP_STATS: counters are half of the reply. */
  private static final int SKIP_STATS = 8;

  private LinkMessages() {}

  static void encode(Request.OfLink request, MessageWriter out, int sequence) {
    switch (request) {
      case Request.AddVxlan add -> addVxlan(add, out, sequence);
      case Request.AddVeth add -> addVeth(add, out, sequence);
      case Request.AddBridge add -> addBridge(add, out, sequence);
      case Request.DeleteLink delete -> begin(out, DELLINK, sequence, delete.index());
      case Request.SetLinkUp set ->
          begin(out, NEWLINK, sequence, set.index(), set.up() ? Link.UP : 0, Link.UP);
      case Request.SetLinkMtu set ->
          begin(out, SETLINK, sequence, set.index()).attribute32(IFLA_MTU, set.mtu());
      case Request.SetLinkMac set ->
          begin(out, SETLINK, sequence, set.index()).attribute(IFLA_ADDRESS, set.mac());
      case Request.SetLinkMaster set ->
          begin(out, SETLINK, sequence, set.index()).attribute32(IFLA_MASTER, set.master());
      case Request.RenameLink rename ->
          begin(out, SETLINK, sequence, rename.index()).string(IFLA_IFNAME, rename.name());
      case Request.MoveLink move ->
          begin(out, SETLINK, sequence, move.index())
              .attribute32(IFLA_NET_NS_FD, move.to().descriptor());
      case Request.ChangeVxlan change -> changeVxlan(change, out, sequence);
    }
    out.end();
  }

  private static MessageWriter begin(MessageWriter out, int type, int sequence, int index) {
    return begin(out, type, sequence, index, 0, 0);
  }

  private static MessageWriter begin(
      MessageWriter out, int type, int sequence, int index, int flags, int change) {
    return header(out.begin(type, REQUEST, sequence), index, flags, change);
  }

  private static MessageWriter create(MessageWriter out, int sequence, String name) {
    return header(out.begin(NEWLINK, REQUEST | CREATE | EXCL, sequence), 0, 0, 0)
        .string(IFLA_IFNAME, name);
  }

  private static MessageWriter header(MessageWriter out, int index, int flags, int change) {
    return out.u8(Families.UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(change);
  }

  private static void addVxlan(Request.AddVxlan add, MessageWriter out, int sequence) {
    create(out, sequence, add.name());
    if (add.mtu() > 0) {
      out.attribute32(IFLA_MTU, add.mtu());
    }
    out.attribute32(IFLA_TXQLEN, 0);
    if (add.mac().isPresent()) {
      out.attribute(IFLA_ADDRESS, add.mac().get());
    }
    int info = out.nest(IFLA_LINKINFO);
    out.bareString(IFLA_INFO_KIND, "vxlan");
    int data = out.nest(IFLA_INFO_DATA);
    VxlanAttributes.encode(add.vxlan(), out);
    out.unnest(data).unnest(info);
  }

  private static void addVeth(Request.AddVeth add, MessageWriter out, int sequence) {
    create(out, sequence, add.name());
    int info = out.nest(IFLA_LINKINFO);
    out.bareString(IFLA_INFO_KIND, "veth");
    int data = out.nest(IFLA_INFO_DATA);
    int peer = out.nest(VETH_INFO_PEER);
    header(out, 0, 0, 0).string(IFLA_IFNAME, add.peerName());
    add.peerNamespace().ifPresent(to -> out.attribute32(IFLA_NET_NS_FD, to.descriptor()));
    out.unnest(peer).unnest(data).unnest(info);
  }

  private static void addBridge(Request.AddBridge add, MessageWriter out, int sequence) {
    create(out, sequence, add.name());
    int info = out.nest(IFLA_LINKINFO);
    out.bareString(IFLA_INFO_KIND, "bridge");
    int data = out.nest(IFLA_INFO_DATA);
    out.attribute8(IFLA_BR_MCAST_SNOOPING, add.multicastSnooping() ? 1 : 0);
    out.unnest(data).unnest(info);
  }

  private static void plainKind(MessageWriter out, String kind) {
    int info = out.nest(IFLA_LINKINFO);
    out.bareString(IFLA_INFO_KIND, kind).unnest(info);
  }

  private static void changeVxlan(Request.ChangeVxlan change, MessageWriter out, int sequence) {
    begin(out, NEWLINK, sequence, change.index());
    int info = out.nest(IFLA_LINKINFO);
    out.bareString(IFLA_INFO_KIND, "vxlan");
    int data = out.nest(IFLA_INFO_DATA);
    VxlanAttributes.encodeChange(change, out);
    out.unnest(data).unnest(info);
  }

  /** RTM_GETLINK by index. */
  static void get(int index, MessageWriter out, int sequence) {
    begin(out, GETLINK, sequence, index).attribute32(IFLA_EXT_MASK, SKIP_STATS).end();
  }

  /** RTM_GETLINK by name; with an empty name all. */
  static void get(String name, MessageWriter out, int sequence) {
    begin(out, GETLINK, sequence, 0).attribute32(IFLA_EXT_MASK, SKIP_STATS);
    if (!name.isEmpty()) {
      out.string(IFLA_IFNAME, name);
    }
    out.end();
  }

  /** RTM_GETLINK of one kind, or of all with an empty one. */
  static void list(String kind, MessageWriter out, int sequence) {
    begin(out, GETLINK, sequence, 0).attribute32(IFLA_EXT_MASK, SKIP_STATS);
    if (!kind.isEmpty()) {
      plainKind(out, kind);
    }
    out.end();
  }

  /** Messages of AF_BRIDGE tell of bridge ports, not of devices, and are dropped. */
  static void decode(MessageReader in, Consumer<Link> sink) {
    in.requireHeader(HEADER);
    if (in.u8(0) != Families.UNSPEC) {
      return;
    }
    String name = "";
    int mtu = 0;
    int master = 0;
    Optional<MacAddress> mac = Optional.empty();
    LinkInfo info = LinkInfo.NONE;
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      switch (attribute.type()) {
        case IFLA_IFNAME -> name = attribute.string();
        case IFLA_MTU -> mtu = attribute.u32();
        case IFLA_MASTER -> master = attribute.u32();
        case IFLA_ADDRESS -> mac = attribute.mac();
        case IFLA_LINKINFO -> info = info(attribute.nested());
        default -> {}
      }
    }
    sink.accept(new Link(in.u32(4), name, info.kind(), in.u32(8), mtu, mac, master, info.vxlan()));
  }

  private record LinkInfo(String kind, Optional<Vxlan> vxlan) {
    static final LinkInfo NONE = new LinkInfo("", Optional.empty());
  }

  /** The kernel puts the kind before the data. */
  private static LinkInfo info(Attributes attribute) {
    String kind = "";
    Optional<Vxlan> vxlan = Optional.empty();
    while (attribute.next()) {
      switch (attribute.type()) {
        case IFLA_INFO_KIND -> kind = attribute.string();
        case IFLA_INFO_DATA -> {
          if (kind.equals("vxlan")) {
            vxlan = Optional.of(VxlanAttributes.decode(attribute.nested()));
          }
        }
        default -> {}
      }
    }
    return new LinkInfo(kind, vxlan);
  }
}
