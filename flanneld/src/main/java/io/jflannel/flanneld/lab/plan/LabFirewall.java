// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

/** How the daemons of a lab put their traffic rules into the kernel. */
public enum LabFirewall {
  /** As upstream does by default. */
  IPTABLES("iptables"),

  /** {@code EnableNFTables}. */
  NFTABLES("nftables");

  private final String word;

  LabFirewall(String word) {
    this.word = word;
  }

  /** The word of the command line. */
  @Override
  public String toString() {
    return word;
  }
}
