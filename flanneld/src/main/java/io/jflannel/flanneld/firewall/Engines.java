// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The engine in use and those that a former run may have used.
 *
 * @param others what they hold of ours is removed
 */
record Engines(Engine used, List<Engine> others) {

  /** Indexes of {@link #all}. */
  private static final int NFTABLES = 0;

  private static final int IPTABLES_NFT = 1;
  private static final int IPTABLES_LEGACY = 2;

  /** What kubelet makes so that others see which variant the host uses; 14.3. */
  private static final List<String> HINTS = List.of("KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY");

  /**
   * Which engines there are and which one to use.
   *
   * @param nftables EnableNFTables
   * @param asked {@code --iptables-mode}; empty: find out
   */
  static Engines choose(
      boolean nftables,
      Optional<Variant> asked,
      Programs programs,
      Names names,
      Claim claim,
      LoadedTables tables)
      throws InterruptedException {
    List<Engine> others = new ArrayList<>(all(programs, names, claim, tables));
    int used =
        nftables
            ? NFTABLES
            : switch (asked.isPresent() ? asked.get() : variant(programs, tables)) {
              case NFT -> IPTABLES_NFT;
              case LEGACY -> IPTABLES_LEGACY;
            };
    return new Engines(others.remove(used), others);
  }

  /** Every engine there is. */
  static List<Engine> all(Programs programs, Names names, Claim claim, LoadedTables tables) {
    return List.of(
        new NftEngine(programs, names, claim, tables),
        new IptablesEngine(programs, Variant.NFT, names, claim, tables),
        new IptablesEngine(programs, Variant.LEGACY, names, claim, tables));
  }

  /**
   * The variant that the host uses (P28): where kubelet has left a mark, else that of the iptables
   * in PATH.
   */
  private static Variant variant(Programs programs, LoadedTables tables)
      throws InterruptedException {
    for (Family family : Family.values()) {
      TableName mangle = new TableName(family, "mangle");
      if (HINTS.stream().anyMatch(hint -> tables.hasChain(new ChainName(mangle, hint)))) {
        return Variant.NFT;
      }
    }
    for (Family family : Family.values()) {
      if (LoadedTables.legacyTables(family).contains("mangle") && hintsInLegacy(programs, family)) {
        return Variant.LEGACY;
      }
    }
    Optional<Variant> v4 = Iptables.installed(programs, Family.V4);
    return v4.isPresent() ? v4.get() : Iptables.installed(programs, Family.V6).orElse(Variant.NFT);
  }

  private static boolean hintsInLegacy(Programs programs, Family family)
      throws InterruptedException {
    try {
      return Iptables.find(programs, family, Variant.LEGACY).hasChain("mangle", HINTS);
    } catch (FirewallException e) {
      return false; // no program of that variant: nobody uses it
    }
  }
}
