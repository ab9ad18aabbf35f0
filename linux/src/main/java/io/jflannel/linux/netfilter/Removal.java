// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

/** Something to remove; see {@link NftablesSocket#remove}. */
public sealed interface Removal {

  /** A table with all that is in it. ENOENT if absent, EPERM if another program owns it. */
  record OfTable(TableName table) implements Removal {}

  /**
   * A chain with its rules. ENOENT if absent; EBUSY if a rule elsewhere jumps to it, unless that is
   * removed earlier in the same list.
   */
  record OfChain(ChainName chain) implements Removal {}

  /** All rules of a chain; nothing if it has none. ENOENT if the chain is absent. */
  record OfRules(ChainName chain) implements Removal {}

  /**
   * One rule. ENOENT if absent.
   *
   * @param handle as in {@link Rule}
   */
  record OfRule(ChainName chain, long handle) implements Removal {}
}
