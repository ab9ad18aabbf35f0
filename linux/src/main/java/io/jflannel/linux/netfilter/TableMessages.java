// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Family;
import java.util.function.Consumer;

/** NFT_MSG_*TABLE. */
final class TableMessages {

  /** NFT_TABLE_F_*. */
  private static final int DORMANT = 1;

  private static final int OWNER = 2;

  private TableMessages() {}

  static void list(Family family, MessageWriter out, int sequence) {
    Nft.begin(out, Nft.GETTABLE, family, sequence).end();
  }

  static void get(TableName table, MessageWriter out, int sequence) {
    named(Nft.GETTABLE, table, out, sequence);
  }

  static void delete(TableName table, MessageWriter out, int sequence) {
    named(Nft.DELTABLE, table, out, sequence);
  }

  private static void named(int type, TableName table, MessageWriter out, int sequence) {
    Nft.begin(out, type, table.family(), sequence).string(Nft.TABLE_NAME, table.name()).end();
  }

  static void decodeState(MessageReader in, Consumer<TableState> sink) {
    if (in.type() != Nft.NEWTABLE) {
      return;
    }
    int use = 0;
    int flags = 0;
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      switch (attributes.type()) {
        case Nft.TABLE_FLAGS -> flags = attributes.big32();
        case Nft.TABLE_USE -> use = attributes.big32();
        default -> {}
      }
    }
    sink.accept(new TableState(use, (flags & DORMANT) != 0, (flags & OWNER) != 0));
  }

  static void decode(Family family, MessageReader in, Consumer<TableName> sink) {
    if (in.type() != Nft.NEWTABLE || Nft.family(in) != Nft.number(family)) {
      return;
    }
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      if (attributes.type() == Nft.TABLE_NAME && TableName.isName(attributes.string())) {
        sink.accept(new TableName(family, attributes.string()));
      }
    }
  }
}
