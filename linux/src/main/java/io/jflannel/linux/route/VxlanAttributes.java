// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Ip;
import java.util.Optional;

/** IFLA_VXLAN_* of linux/if_link.h. */
final class VxlanAttributes {

  private static final int ID = 1;
  private static final int GROUP = 2;
  private static final int LINK = 3;
  private static final int LOCAL = 4;
  private static final int TTL = 5;
  private static final int TOS = 6;
  private static final int LEARNING = 7;
  private static final int PROXY = 11;
  private static final int RSC = 12;
  private static final int L2MISS = 13;
  private static final int L3MISS = 14;
  private static final int PORT = 15;
  private static final int GROUP6 = 16;
  private static final int LOCAL6 = 17;
  private static final int UDP_ZERO_CSUM6_TX = 19;
  private static final int UDP_ZERO_CSUM6_RX = 20;
  private static final int GBP = 23;
  private static final int COLLECT_METADATA = 25;

  private VxlanAttributes() {}

  /** In the order of spec backends.md 3.2. */
  static void encode(Vxlan vxlan, MessageWriter out) {
    out.attribute32(ID, vxlan.vni());
    out.attribute32(LINK, vxlan.parentIndex());
    vxlan.local().ifPresent(ip -> local(ip, out));
    out.attribute8(TTL, vxlan.ttl());
    out.attribute8(TOS, vxlan.tos());
    flag(out, LEARNING, vxlan.learning());
    flag(out, PROXY, vxlan.proxy());
    flag(out, RSC, vxlan.rsc());
    flag(out, L2MISS, vxlan.l2miss());
    flag(out, L3MISS, vxlan.l3miss());
    flag(out, UDP_ZERO_CSUM6_TX, false);
    flag(out, UDP_ZERO_CSUM6_RX, false);
    if (vxlan.gbp()) {
      out.flag(GBP);
    }
    if (vxlan.port() > 0) {
      out.attributeBig16(PORT, vxlan.port());
    }
    vxlan.group().ifPresent(ip -> out.attribute(ip.isV4() ? GROUP : GROUP6, ip));
    if (vxlan.external()) {
      flag(out, COLLECT_METADATA, true);
    }
  }

  static void encodeChange(Request.ChangeVxlan change, MessageWriter out) {
    change.local().ifPresent(ip -> local(ip, out));
    change.ttl().ifPresent(ttl -> out.attribute8(TTL, ttl));
    change.learning().ifPresent(on -> flag(out, LEARNING, on));
  }

  private static void local(Ip ip, MessageWriter out) {
    out.attribute(ip.isV4() ? LOCAL : LOCAL6, ip);
  }

  private static void flag(MessageWriter out, int type, boolean on) {
    out.attribute8(type, on ? 1 : 0);
  }

  static Vxlan decode(Attributes in) {
    int vni = 0;
    int parent = 0;
    int port = 0;
    int ttl = 0;
    int tos = 0;
    Optional<Ip> local = Optional.empty();
    Optional<Ip> group = Optional.empty();
    long on = 0;
    while (in.next()) {
      switch (in.type()) {
        case ID -> vni = in.u32();
        case LINK -> parent = in.u32();
        case PORT -> port = in.big16();
        case TTL -> ttl = in.u8();
        case TOS -> tos = in.u8();
        case LOCAL, LOCAL6 -> local = Optional.of(in.ip());
        case GROUP, GROUP6 -> group = Optional.of(in.ip());
        case LEARNING, PROXY, RSC, L2MISS, L3MISS, COLLECT_METADATA ->
            on |= in.u8() != 0 ? 1L << in.type() : 0;
        case GBP -> on |= 1L << GBP;
        default -> {}
      }
    }
    return new Vxlan(
        vni,
        parent,
        local,
        group,
        port,
        has(on, LEARNING),
        has(on, PROXY),
        has(on, RSC),
        has(on, L2MISS),
        has(on, L3MISS),
        has(on, GBP),
        has(on, COLLECT_METADATA),
        ttl,
        tos);
  }

  private static boolean has(long on, int type) {
    return (on >>> type & 1) != 0;
  }
}
