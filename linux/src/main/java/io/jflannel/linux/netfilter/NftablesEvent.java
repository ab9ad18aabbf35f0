// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import java.util.Optional;

/**
 * A change that the kernel announced.
 *
 * <p>It announces each transaction as a whole after it is done: first what was removed and added,
 * in order, then who did it. What goes away with something else is told too: deleting a table tells
 * its rules, chains and itself.
 */
public sealed interface NftablesEvent {

  /** What changed. */
  enum Subject {
    TABLE,
    /** Also a changed policy. */
    CHAIN,
    RULE
  }

  /**
   * Something was added, changed or removed. A replaced rule is told twice, removed and added.
   *
   * @param removed whether it went away
   * @param chain empty for a table; and for a chain that may have been renamed, as the kernel names
   *     only the new name: any watched chain of that table may have gone
   */
  record Changed(Subject subject, boolean removed, TableName table, Optional<ChainName> chain)
      implements NftablesEvent {}

  /**
   * The end of a transaction of which at least one {@link Changed} was told.
   *
   * @param generation as in {@link NftablesSocket#generation}
   * @param pid of the thread that asked for it, as the first pid namespace numbers it
   * @param process its name, cut to 15 bytes: {@code iptables-nft-re}; empty if not told
   */
  record Committed(int generation, int pid, String process) implements NftablesEvent {}

  /** Events were lost: read everything again. */
  record Lost() implements NftablesEvent {}
}
