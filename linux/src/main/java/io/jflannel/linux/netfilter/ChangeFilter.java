// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.netlink.Attributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the watched chain that a message is about by comparing bytes, without creating objects for
 * any other.
 */
final class ChangeFilter {

  /** A table with watched chains. */
  static final class Table {

    private final TableName name;
    private final byte[] utf8;
    private final List<Chain> chains = new ArrayList<>();

    private Table(TableName name) {
      this.name = name;
      this.utf8 = ChainMessages.utf8(name.name());
    }

    TableName name() {
      return name;
    }

    /** The watched chain of that name. */
    Optional<ChainName> chain(Attributes sought) {
      for (Chain chain : chains) {
        if (sought.is(chain.utf8)) {
          return chain.name;
        }
      }
      return Optional.empty();
    }
  }

  private static final class Chain {

    private final Optional<ChainName> name;
    private final byte[] utf8;

    Chain(ChainName name) {
      this.name = Optional.of(name);
      this.utf8 = ChainMessages.utf8(name.name());
    }
  }

  private final List<Table> tables;

  ChangeFilter(Collection<ChainName> chains) {
    Map<TableName, Table> byName = new LinkedHashMap<>();
    for (ChainName chain : chains) {
      byName.computeIfAbsent(chain.table(), Table::new).chains.add(new Chain(chain));
    }
    tables = List.copyOf(byName.values());
  }

  /** The watched table of that name. */
  Optional<Table> table(int family, Attributes name) {
    for (Table table : tables) {
      if (Nft.number(table.name.family()) == family && name.is(table.utf8)) {
        return Optional.of(table);
      }
    }
    return Optional.empty();
  }
}
