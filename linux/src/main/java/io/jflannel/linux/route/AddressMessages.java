// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.REQUEST;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Ip;
import java.util.function.Consumer;

/** Addresses on the wire: struct ifaddrmsg and IFA_* of linux/if_addr.h. */
final class AddressMessages {

  static final int NEWADDR = 20;
  static final int DELADDR = 21;
  static final int GETADDR = 22;

  private static final int HEADER = 8;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_FLAGS = 8;

  private AddressMessages() {}

  static void encode(LinkAddress address, int type, int flags, MessageWriter out, int sequence) {
    Ip ip = address.cidr().ip();
    header(
        out.begin(type, REQUEST | flags, sequence),
        Families.number(ip),
        address.cidr().length(),
        address.flags() & 0xff,
        address.scope(),
        address.linkIndex());
    out.attribute(IFA_LOCAL, ip).attribute(IFA_ADDRESS, ip);
    if (address.flags() >>> 8 != 0) {
      out.attribute32(IFA_FLAGS, address.flags()); // the header has room for 8 bits only
    }
    out.end();
  }

  /**
   * @param linkIndex 0 for all
   */
  static void list(int linkIndex, MessageWriter out, int sequence) {
    header(out.begin(GETADDR, REQUEST, sequence), Families.UNSPEC, 0, 0, 0, linkIndex).end();
  }

  private static MessageWriter header(
      MessageWriter out, int family, int length, int flags, int scope, int linkIndex) {
    return out.u8(family).u8(length).u8(flags).u8(scope).u32(linkIndex);
  }

  static void decode(MessageReader in, Consumer<LinkAddress> sink) {
    in.requireHeader(HEADER);
    int family = in.u8(0);
    if (Families.of(family).isEmpty()) {
      return;
    }
    int flags = in.u8(2);
    Ip local = Families.unspecified(family);
    boolean hasLocal = false;
    Attributes attribute = in.attributes(HEADER);
    while (attribute.next()) {
      switch (attribute.type()) {
        case IFA_LOCAL -> {
          local = attribute.ip();
          hasLocal = true;
        }
        case IFA_ADDRESS -> local = hasLocal ? local : attribute.ip(); // else the other end's
        case IFA_FLAGS -> flags = attribute.u32();
        default -> {}
      }
    }
    int scope = in.u8(3);
    int linkIndex = in.u32(4);
    int allFlags = flags;
    Families.cidr(family, local, in.u8(1))
        .ifPresent(cidr -> sink.accept(new LinkAddress(linkIndex, cidr, scope, allFlags)));
  }
}
