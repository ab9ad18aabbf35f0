// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.linux.netlink.Netlink;
import io.jflannel.net.Family;

/** Numbers of linux/netfilter/nfnetlink.h and nf_tables.h, and the header struct nfgenmsg. */
final class Nft {

  /** NFT_NAME_MAXLEN without the terminating zero. */
  static final int MAX_NAME = 255;

  /** NFNLGRP_NFTABLES. */
  static final int GROUP = 7;

  /** sizeof(struct nfgenmsg). */
  static final int HEADER = 4;

  private static final int SUBSYSTEM = 10;
  private static final int BATCH_BEGIN = 0x10;
  private static final int BATCH_END = 0x11;

  /** NFNL_BATCH_GENID. */
  private static final int BATCH_GENID = 1;

  static final int NEWTABLE = SUBSYSTEM << 8;
  static final int GETTABLE = NEWTABLE + 1;
  static final int DELTABLE = NEWTABLE + 2;
  static final int NEWCHAIN = NEWTABLE + 3;
  static final int GETCHAIN = NEWTABLE + 4;
  static final int DELCHAIN = NEWTABLE + 5;
  static final int NEWRULE = NEWTABLE + 6;
  static final int GETRULE = NEWTABLE + 7;
  static final int DELRULE = NEWTABLE + 8;
  static final int NEWGEN = NEWTABLE + 15;
  static final int GETGEN = NEWTABLE + 16;

  static final int TABLE_NAME = 1;
  static final int TABLE_FLAGS = 2;
  static final int TABLE_USE = 3;

  static final int CHAIN_TABLE = 1;
  static final int CHAIN_HANDLE = 2;
  static final int CHAIN_NAME = 3;
  static final int CHAIN_HOOK = 4;
  static final int CHAIN_POLICY = 5;
  static final int CHAIN_TYPE = 7;
  static final int HOOK_NUMBER = 1;
  static final int HOOK_PRIORITY = 2;

  static final int RULE_TABLE = 1;
  static final int RULE_CHAIN = 2;
  static final int RULE_HANDLE = 3;
  static final int RULE_EXPRESSIONS = 4;
  static final int RULE_COMPAT = 5;
  static final int RULE_USERDATA = 7;

  static final int GEN_ID = 1;
  static final int GEN_PROC_PID = 2;
  static final int GEN_PROC_NAME = 3;

  private static final int INET = 2;
  private static final int INET6 = 10;

  private Nft() {}

  static int number(Family family) {
    return family == Family.V4 ? INET : INET6;
  }

  static int family(MessageReader in) {
    in.requireHeader(HEADER);
    return in.u8(0);
  }

  /** Begins a message; {@link MessageWriter#end} must follow. */
  static MessageWriter begin(MessageWriter out, int type, Family family, int sequence) {
    return header(out.begin(type, Netlink.REQUEST, sequence), number(family), 0);
  }

  static void getGeneration(Object request, MessageWriter out, int sequence) {
    header(out.begin(GETGEN, Netlink.REQUEST, sequence), 0, 0).end();
  }

  static void beginBatch(MessageWriter out, int sequence) {
    header(out.begin(BATCH_BEGIN, Netlink.REQUEST, sequence), 0, SUBSYSTEM).end();
  }

  /** The kernel refuses the batch with ERESTART if the generation is another one by now. */
  static void beginBatch(int generation, MessageWriter out, int sequence) {
    header(out.begin(BATCH_BEGIN, Netlink.REQUEST, sequence), 0, SUBSYSTEM)
        .attributeBig32(BATCH_GENID, generation)
        .end();
  }

  static void endBatch(MessageWriter out, int sequence) {
    header(out.begin(BATCH_END, Netlink.REQUEST, sequence), 0, SUBSYSTEM).end();
  }

  private static MessageWriter header(MessageWriter out, int family, int resource) {
    return out.u8(family).u8(0).u8(resource >>> 8).u8(resource);
  }
}
