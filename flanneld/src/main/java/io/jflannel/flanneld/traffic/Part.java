// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.traffic;

import java.util.List;

/** The two independent parts of the rules. Each fails and is switched off on its own. */
public enum Part {
  /** {@code --ip-masq}: what leaves the overlay gets the node's address (14.1). */
  MASQUERADE("masquerade", "nat", "POSTROUTING", "FLANNEL-POSTRTG", "flanneld masq", "postrtg"),

  /** {@code --iptables-forward-rules}: the overlay's packets are let through (14.2). */
  FORWARD("forward", "filter", "FORWARD", "FLANNEL-FWD", "flanneld forward", "forward");

  private final String word;
  private final String table;
  private final String builtin;
  private final String chain;
  private final String comment;
  private final String nftChain;

  Part(String word, String table, String builtin, String chain, String comment, String nftChain) {
    this.word = word;
    this.table = table;
    this.builtin = builtin;
    this.chain = chain;
    this.comment = comment;
    this.nftChain = nftChain;
  }

  /** The table of iptables. */
  public String table() {
    return table;
  }

  /** The chain of iptables that packets pass by themselves. */
  public String builtin() {
    return builtin;
  }

  /**
   * Targets that keep a packet from what stands behind them in the built-in chain. In the filter
   * table a packet that was accepted needs no rules of ours.
   */
  public List<String> endings() {
    return switch (this) {
      case MASQUERADE -> List.of("ACCEPT", "DROP", "RETURN", "MASQUERADE", "SNAT", "NETMAP");
      case FORWARD -> List.of("DROP", "REJECT", "RETURN");
    };
  }

  /** The chain in a table of nftables; the table is one's own, so no instance is appended. */
  public String nftChain() {
    return nftChain;
  }

  String chain() {
    return chain;
  }

  String comment() {
    return comment;
  }

  @Override
  public String toString() {
    return word;
  }
}
