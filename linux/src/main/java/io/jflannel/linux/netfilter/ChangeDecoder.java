// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netfilter.NftablesEvent.Subject;
import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.Netlink;
import java.util.Optional;
import java.util.function.Consumer;

/** Turns multicast messages into events; those about unwatched chains cost no object. */
final class ChangeDecoder {

  private final ChangeFilter filter;
  private boolean told;

  ChangeDecoder(ChangeFilter filter) {
    this.filter = filter;
  }

  void decode(MessageReader in, Consumer<NftablesEvent> sink) {
    int type = in.type();
    switch (type) {
      case Nft.NEWTABLE, Nft.DELTABLE ->
          changed(in, Subject.TABLE, type == Nft.DELTABLE, Nft.TABLE_NAME, 0, sink);
      case Nft.NEWCHAIN, Nft.DELCHAIN ->
          changed(in, Subject.CHAIN, type == Nft.DELCHAIN, Nft.CHAIN_TABLE, Nft.CHAIN_NAME, sink);
      case Nft.NEWRULE, Nft.DELRULE ->
          changed(in, Subject.RULE, type == Nft.DELRULE, Nft.RULE_TABLE, Nft.RULE_CHAIN, sink);
      case Nft.NEWGEN -> committed(in, sink);
      default -> {} // sets, objects, flow tables
    }
  }

  /**
   * @param chainAttribute where the chain's name is; 0 if there is none
   */
  private void changed(
      MessageReader in,
      Subject subject,
      boolean removed,
      int tableAttribute,
      int chainAttribute,
      Consumer<NftablesEvent> sink) {
    Optional<ChangeFilter.Table> table = table(in, tableAttribute);
    if (table.isEmpty()) {
      return;
    }
    Optional<ChainName> chain =
        chainAttribute == 0 ? Optional.empty() : chain(in, table.get(), chainAttribute);
    if (chain.isPresent() || subject == Subject.TABLE || mayBeRenamed(in)) {
      told = true;
      sink.accept(new NftablesEvent.Changed(subject, removed, table.get().name(), chain));
    }
  }

  private Optional<ChangeFilter.Table> table(MessageReader in, int type) {
    int family = Nft.family(in);
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      if (attributes.type() == type) {
        return filter.table(family, attributes);
      }
    }
    return Optional.empty();
  }

  private static Optional<ChainName> chain(MessageReader in, ChangeFilter.Table table, int type) {
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      if (attributes.type() == type) {
        return table.chain(attributes);
      }
    }
    return Optional.empty();
  }

  /** Kernels before 5.15 repeat no flags, so there every new chain may be a renamed one. */
  private static boolean mayBeRenamed(MessageReader in) {
    return in.type() == Nft.NEWCHAIN && (in.flags() & (Netlink.CREATE | Netlink.EXCL)) == 0;
  }

  /** What came before is no longer known to belong to what comes next. */
  void lost() {
    told = false;
  }

  private void committed(MessageReader in, Consumer<NftablesEvent> sink) {
    if (!told) {
      return;
    }
    told = false;
    int generation = 0;
    int pid = 0;
    String process = "";
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      switch (attributes.type()) {
        case Nft.GEN_ID -> generation = attributes.big32();
        case Nft.GEN_PROC_PID -> pid = attributes.big32();
        case Nft.GEN_PROC_NAME -> process = attributes.string();
        default -> {}
      }
    }
    sink.accept(new NftablesEvent.Committed(generation, pid, process));
  }
}
