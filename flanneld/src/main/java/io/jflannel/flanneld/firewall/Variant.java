// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

/** Where the rules of an iptables end up. A host may hold rules in both at once (P28). */
public enum Variant {
  NFT("nft"),
  LEGACY("legacy");

  private final String word;

  Variant(String word) {
    this.word = word;
  }

  @Override
  public String toString() {
    return word;
  }
}
