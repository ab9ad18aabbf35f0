// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.linux.netfilter.BaseChain;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.RuleBody;
import io.jflannel.linux.netfilter.RuleDigest;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel has where our rules stand, as far as a change of it could concern us. Says
 * nothing about whether that is right; but two equal sights mean that nothing has changed, and they
 * cost no process.
 *
 * @param tables those that exist; how many things they have only where they are ours alone
 * @param own every rule of our chains, in order
 * @param shared of each built-in chain what leads to ours
 * @param policies hook and policy of built-in chains of which no rule matters; those that exist
 * @param legacy a number for all rules of each legacy table
 */
record Sight(
    Map<TableName, TableState> tables,
    Map<ChainName, OwnChain> own,
    Map<ChainName, Way> shared,
    Map<ChainName, BaseChain> policies,
    Map<String, Long> legacy) {

  /**
   * A chain of ours.
   *
   * @param rules there may be more than one wants to hold
   */
  record OwnChain(boolean exists, Optional<BaseChain> base, RuleDigest rules) {}

  /**
   * How packets get from a built-in chain to ours.
   *
   * @param jumps the rules that jump to ours
   * @param base hook and policy of the built-in chain; empty if there is no such chain
   * @param barred whether a rule before the first of them lets nothing pass
   */
  record Way(Optional<BaseChain> base, List<RuleBody> jumps, boolean barred) {}
}
