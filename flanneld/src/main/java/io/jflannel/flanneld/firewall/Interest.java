// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.net.Family;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where a change concerns our rules. What has to be asked for is worked out once: it is asked each
 * few seconds for as long as the daemon runs.
 */
final class Interest {

  private final Family family;
  private final Set<ChainName> own;
  private final Map<ChainName, LeadsTo> shared;
  private final Set<ChainName> policies;
  private final Set<String> legacy;
  private final List<ChainName> chains;
  private final Set<TableName> ownTables;
  private final Set<TableName> tables;

  /**
   * What leads from a built-in chain to ours.
   *
   * @param chain ours
   * @param endings targets that keep packets from it
   */
  record LeadsTo(String chain, List<String> endings) {}

  private Interest(
      Family family,
      Set<ChainName> own,
      Map<ChainName, LeadsTo> shared,
      Set<ChainName> policies,
      Set<String> legacy) {
    this.family = family;
    this.own = Set.copyOf(own);
    this.shared = Map.copyOf(shared);
    this.policies = Set.copyOf(policies);
    this.legacy = Set.copyOf(legacy);
    chains =
        Stream.of(own, shared.keySet(), policies).<ChainName>flatMap(Collection::stream).toList();
    tables =
        Stream.of(own, shared.keySet())
            .<ChainName>flatMap(Collection::stream)
            .map(ChainName::table)
            .collect(Collectors.toUnmodifiableSet());
    ownTables =
        tables.stream()
            .filter(table -> shared.keySet().stream().noneMatch(c -> c.table().equals(table)))
            .collect(Collectors.toUnmodifiableSet());
  }

  /** One for each family. */
  static Function<Family, Interest> ofEach(Function<Family, Interest> interest) {
    Interest v4 = interest.apply(Family.V4);
    Interest v6 = interest.apply(Family.V6);
    return family ->
        switch (family) {
          case V4 -> v4;
          case V6 -> v6;
        };
  }

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
    if (seen == null || !seen.exists() || seen.rules().count() == 0) {
      return false;
    }
    return shared.entrySet().stream()
        .filter(way ->
            way.getKey().table().equals(chain.table())
                && way.getValue().chain().equals(chain.name()))
        .map(way -> sight.shared().get(way.getKey()))
        .allMatch(way -> way != null && way.base().isPresent() && !way.jumps().isEmpty());
  }

  Family family() {
    return family;
  }

  /** Chains that are ours alone. */
  Set<ChainName> own() {
    return own;
  }

  /** Built-in chains, with what leads from each to a chain of ours. */
  Map<ChainName, LeadsTo> shared() {
    return shared;
  }

  /** Built-in chains of which only the policy matters. */
  Set<ChainName> policies() {
    return policies;
  }

  /** Tables of iptables' legacy variant. */
  Set<String> legacy() {
    return legacy;
  }

  /** All of nf_tables. */
  List<ChainName> chains() {
    return chains;
  }

  /** Tables of nf_tables where we have chains. */
  Set<TableName> tables() {
    return tables;
  }

  /** Those of them where nobody else has any. */
  Set<TableName> ownTables() {
    return ownTables;
  }
}
