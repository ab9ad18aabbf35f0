// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import io.jflannel.net.Family;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;

/** NFT_MSG_*CHAIN. */
final class ChainMessages {

  private ChainMessages() {}

  /** All of a family: the kernel does not filter by table. */
  static void list(Family family, MessageWriter out, int sequence) {
    Nft.begin(out, Nft.GETCHAIN, family, sequence).end();
  }

  static void get(ChainName chain, MessageWriter out, int sequence) {
    named(Nft.GETCHAIN, chain, out, sequence);
  }

  static void delete(ChainName chain, MessageWriter out, int sequence) {
    named(Nft.DELCHAIN, chain, out, sequence);
  }

  private static void named(int type, ChainName chain, MessageWriter out, int sequence) {
    Nft.begin(out, type, chain.table().family(), sequence)
        .string(Nft.CHAIN_TABLE, chain.table().name())
        .string(Nft.CHAIN_NAME, chain.name())
        .end();
  }

  /** Of whatever family. */
  static void decode(MessageReader in, Consumer<Chain> sink) {
    for (Family family : Family.values()) {
      decode(family, in, sink);
    }
  }

  static void decode(Family family, MessageReader in, Consumer<Chain> sink) {
    if (in.type() != Nft.NEWCHAIN || Nft.family(in) != Nft.number(family)) {
      return;
    }
    String table = "";
    String name = "";
    long handle = 0;
    String type = "";
    BaseChain.Policy policy = BaseChain.Policy.ACCEPT;
    Optional<Attributes> hook = Optional.empty();
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      switch (attributes.type()) {
        case Nft.CHAIN_TABLE -> table = attributes.string();
        case Nft.CHAIN_NAME -> name = attributes.string();
        case Nft.CHAIN_HANDLE -> handle = attributes.big64();
        case Nft.CHAIN_TYPE -> type = attributes.string();
        case Nft.CHAIN_POLICY ->
            policy = attributes.big32() == 0 ? BaseChain.Policy.DROP : BaseChain.Policy.ACCEPT;
        case Nft.CHAIN_HOOK -> hook = Optional.of(attributes.nested());
        default -> {} // counters, flags, references, user data
      }
    }
    if (TableName.isName(table) && TableName.isName(name)) {
      ChainName full = new ChainName(new TableName(family, table), name);
      Optional<BaseChain> base =
          hook.isPresent() ? Optional.of(base(type, hook.get(), policy)) : Optional.empty();
      sink.accept(new Chain(full, handle, base));
    }
  }

  private static BaseChain base(String type, Attributes hook, BaseChain.Policy policy) {
    int number = 0;
    int priority = 0;
    while (hook.next()) {
      switch (hook.type()) {
        case Nft.HOOK_NUMBER -> number = hook.big32();
        case Nft.HOOK_PRIORITY -> priority = hook.big32();
        default -> {} // devices of other families
      }
    }
    return new BaseChain(type, number, priority, policy);
  }

  /** Whether the message is about that table; creates no object but the bytes given. */
  static boolean isOf(TableName table, byte[] name, MessageReader in) {
    if (in.type() != Nft.NEWCHAIN || Nft.family(in) != Nft.number(table.family())) {
      return false;
    }
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      if (attributes.type() == Nft.CHAIN_TABLE) {
        return attributes.is(name);
      }
    }
    return false;
  }

  static byte[] utf8(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }
}
