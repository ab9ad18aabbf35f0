// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netlink;

/** Numbers of linux/netlink.h. */
public final class Netlink {

  public static final int REQUEST = 0x1;
  public static final int ACK = 0x4;
  public static final int DUMP = 0x300;
  public static final int REPLACE = 0x100;
  public static final int EXCL = 0x200;
  public static final int CREATE = 0x400;

  static final int DUMP_INTR = 0x10;

  /** On an error: the original message is cut to its header. */
  static final int CAPPED = 0x100;

  /** On an error: attributes follow. */
  static final int ACK_TLVS = 0x200;

  static final int MSG_NOOP = 1;
  static final int MSG_ERROR = 2;
  static final int MSG_DONE = 3;

  static final int NLMSGERR_ATTR_MSG = 1;

  /** sizeof(struct nlmsghdr). */
  static final int HEADER = 16;

  /** sizeof(struct nlattr). */
  static final int ATTRIBUTE_HEADER = 4;

  static final int NESTED = 0x8000;

  /** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
  static final int TYPE_MASK = 0x3fff;

  private Netlink() {}

  /** Lengths are padded to four bytes. */
  static int aligned(int length) {
    return (length + 3) & ~3;
  }
}
