// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

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

/**
 * The chains of nf_tables in which a change concerns our rules.
 *
 * @param own chains that are ours alone
 * @param shared built-in chains, with the chain of ours that each must jump to; with empty text if
 *     to none
 */
record Interest(Set<ChainName> own, Map<ChainName, String> shared) {

  /** Of an engine whose changes the kernel tells nobody. */
  static final Interest NONE = new Interest(Set.of(), Map.of());

  static Interest ofIptables(Family family, Names names) {
    Set<ChainName> own = new HashSet<>();
    Map<ChainName, String> shared = new HashMap<>();
    for (Part part : Part.values()) {
      TableName table = new TableName(family, part.table());
      own.add(new ChainName(table, names.chain(part)));
      shared.put(new ChainName(table, part.builtin()), names.chain(part));
    }
    return new Interest(own, shared);
  }

  static Interest ofNftables(Family family, Names names) {
    TableName table = new TableName(family, names.nftTable(family));
    Set<ChainName> own = new HashSet<>();
    for (Part part : Part.values()) {
      own.add(new ChainName(table, part.nftChain()));
    }
    return new Interest(own, Map.of(forward(family), ""));
  }

  /** Its policy has a say about what our own table accepts (B12). */
  static ChainName forward(Family family) {
    return new ChainName(new TableName(family, Part.FORWARD.table()), Part.FORWARD.builtin());
  }

  List<ChainName> chains() {
    List<ChainName> chains = new ArrayList<>(own);
    chains.addAll(shared.keySet());
    return chains;
  }
}
