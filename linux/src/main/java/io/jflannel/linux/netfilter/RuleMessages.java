// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.MessageWriter;
import java.util.function.Consumer;

/** NFT_MSG_*RULE. */
final class RuleMessages {

  private RuleMessages() {}

  /** The kernel lists this chain only. */
  static void list(ChainName chain, MessageWriter out, int sequence) {
    begin(Nft.GETRULE, chain, out, sequence).end();
  }

  static void delete(ChainName chain, long handle, MessageWriter out, int sequence) {
    begin(Nft.DELRULE, chain, out, sequence).attributeBig64(Nft.RULE_HANDLE, handle).end();
  }

  static void deleteAll(ChainName chain, MessageWriter out, int sequence) {
    begin(Nft.DELRULE, chain, out, sequence).end();
  }

  private static MessageWriter begin(int type, ChainName chain, MessageWriter out, int sequence) {
    return Nft.begin(out, type, chain.table().family(), sequence)
        .string(Nft.RULE_TABLE, chain.table().name())
        .string(Nft.RULE_CHAIN, chain.name());
  }

  /** Hands on the messages that are rules. */
  static void pass(MessageReader in, Consumer<MessageReader> sink) {
    if (in.type() == Nft.NEWRULE) {
      sink.accept(in);
    }
  }

  /** Reads a rule of the chain that was asked for. */
  static void decode(ChainName chain, MessageReader in, Consumer<Rule> sink) {
    if (in.type() != Nft.NEWRULE) {
      return;
    }
    long handle = 0;
    NormalForm normal = new NormalForm();
    normal.rule(in.attributes(Nft.HEADER));
    BodyBuilder body = new BodyBuilder(chain.table().family());
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      switch (attributes.type()) {
        case Nft.RULE_HANDLE -> handle = attributes.big64();
        case Nft.RULE_EXPRESSIONS -> body.expressions(attributes.nested());
        case Nft.RULE_USERDATA -> body.userData(attributes);
        default -> {} // position: the handle of the rule before
      }
    }
    sink.accept(new Rule(chain, handle, body.build(normal)));
  }
}
