// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where a change concerns our rules.
 *
 * @param own chains that are ours alone
 * @param shared built-in chains, with what leads from each to a chain of ours
 * @param policies built-in chains of which only the policy matters
 * @param legacy tables of iptables' legacy variant
 */
record Interest(
    Family family,
    Set<ChainName> own,
    Map<ChainName, LeadsTo> shared,
    Set<ChainName> policies,
    Set<String> legacy) {

  /**
   * What leads from a built-in chain to ours.
   *
   * @param chain ours
   * @param endings targets that keep packets from it
   */
  record LeadsTo(String chain, List<String> endings) {}

  /** The kernel announces no change of these tables, but they can be looked at. */
  static Interest ofLegacy(Family family) {
    return new Interest(
        family,
        Set.of(),
        Map.of(),
        Set.of(),
        Set.of(Part.MASQUERADE.table(), Part.FORWARD.table()));
  }

  static Interest ofIptables(Family family, Names names) {
    Set<ChainName> own = new HashSet<>();
    Map<ChainName, LeadsTo> shared = new HashMap<>();
    for (Part part : Part.values()) {
      TableName table = new TableName(family, part.table());
      own.add(new ChainName(table, names.chain(part)));
      shared.put(
          new ChainName(table, part.builtin()), new LeadsTo(names.chain(part), part.endings()));
    }
    return new Interest(family, own, shared, Set.of(), Set.of());
  }

  static Interest ofNftables(Family family, Names names) {
    TableName table = new TableName(family, names.nftTable(family));
    Set<ChainName> own = new HashSet<>();
    for (Part part : Part.values()) {
      own.add(new ChainName(table, part.nftChain()));
    }
    return new Interest(family, own, Map.of(), Set.of(forward(family)), Set.of());
  }

  /** Its policy has a say about what our own table accepts (B12). */
  static ChainName forward(Family family) {
    return new ChainName(new TableName(family, Part.FORWARD.table()), Part.FORWARD.builtin());
  }

  /**
   * Whether what was seen may be what is wanted, as far as the kernel itself tells: programs that
   * read and write elsewhere, or show what was, are found out by this.
   *
   * @param chain that shall have rules
   */
  boolean mayBeRight(ChainName chain, Sight sight) {
    OwnChain seen = sight.own().get(chain);
    if (seen == null || !seen.exists() || seen.count() == 0) {
      return false;
    }
    return shared.entrySet().stream()
        .filter(way ->
            way.getKey().table().equals(chain.table())
                && way.getValue().chain().equals(chain.name()))
        .map(way -> sight.shared().get(way.getKey()))
        .allMatch(way -> way != null && way.base().isPresent() && !way.jumps().isEmpty());
  }

  /** Tables of nftables that are ours alone. */
  Set<TableName> ownTables() {
    Set<TableName> tables = own.stream().map(ChainName::table).collect(Collectors.toSet());
    tables.removeAll(sharedTables());
    return tables;
  }

  /** Tables where others have rules too. */
  Set<TableName> sharedTables() {
    return shared.keySet().stream().map(ChainName::table).collect(Collectors.toSet());
  }

  List<ChainName> chains() {
    List<ChainName> chains = new ArrayList<>(own);
    chains.addAll(shared.keySet());
    chains.addAll(policies);
    return chains;
  }
}
