// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Family;
import java.util.function.Consumer;

/** NFT_MSG_*TABLE. */
final class TableMessages {

  private TableMessages() {}

  static void list(Family family, MessageWriter out, int sequence) {
    Nft.begin(out, Nft.GETTABLE, family, sequence).end();
  }

  static void delete(TableName table, MessageWriter out, int sequence) {
    Nft.begin(out, Nft.DELTABLE, table.family(), sequence)
        .string(Nft.TABLE_NAME, table.name())
        .end();
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
