// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netlink.Conversation;
import io.jflannel.linux.netlink.MessageWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Changes of nf_tables, each all or nothing. */
final class Transactions {

  private final Conversation kernel;

  Transactions(Conversation kernel) {
    this.kernel = kernel;
  }

  /**
   * Removes in order; an empty list does nothing.
   *
   * @param generation the only one in which it shall be executed; empty for whatever it is
   * @throws LinuxException as {@link NftablesSocket#remove}, or ERESTART if the generation is over
   */
  void remove(OptionalInt generation, List<? extends Removal> removals) {
    List<Removal> all = List.copyOf(removals);
    if (all.isEmpty()) {
      return;
    }
    List<LinuxException> refused = new ArrayList<>();
    kernel.transact(
        new Batch(generation),
        all,
        Transactions::encode,
        (index, errno, message) ->
            refused.add(
                new LinuxException(
                    index < 0 ? "remove " + all : describe(all.get(index)), errno, message)));
    if (!refused.isEmpty()) {
      LinuxException first = refused.getFirst();
      refused.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void encode(Removal removal, MessageWriter out, int sequence) {
    switch (removal) {
      case Removal.OfTable(TableName table) -> TableMessages.delete(table, out, sequence);
      case Removal.OfChain(ChainName chain) -> ChainMessages.delete(chain, out, sequence);
      case Removal.OfRules(ChainName chain) -> RuleMessages.deleteAll(chain, out, sequence);
      case Removal.OfRule(ChainName chain, long handle) ->
          RuleMessages.delete(chain, handle, out, sequence);
    }
  }

  private static String describe(Removal removal) {
    return switch (removal) {
      case Removal.OfTable(TableName table) -> "remove table " + table;
      case Removal.OfChain(ChainName chain) -> "remove chain " + chain;
      case Removal.OfRules(ChainName chain) -> "remove the rules of " + chain;
      case Removal.OfRule(ChainName chain, long handle) -> "remove rule " + handle + " of " + chain;
    };
  }

  /**
   * NFNL_MSG_BATCH_BEGIN and END.
   *
   * @param generation the only one in which it shall be executed
   */
  private record Batch(OptionalInt generation) implements Conversation.Envelope {

    @Override
    public void begin(MessageWriter out, int sequence) {
      if (generation.isPresent()) {
        Nft.beginBatch(generation.getAsInt(), out, sequence);
      } else {
        Nft.beginBatch(out, sequence);
      }
    }

    @Override
    public void end(MessageWriter out, int sequence) {
      Nft.endBatch(out, sequence);
    }
  }
}
