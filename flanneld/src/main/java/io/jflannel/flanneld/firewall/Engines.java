// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The engine in use and those that a former run may have used.
 *
 * @param others what they hold of ours is removed
 */
record Engines(Engine used, List<Engine> others) {

  private static final System.Logger LOG = System.getLogger(Engines.class.getName());

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
   * @param patient whether a program that does not end in time shall be asked again, as the host
   *     may be busy; else it is taken for broken and passed over
   * @throws FirewallException if one does not and shall be
   */
  static Engines choose(
      boolean nftables,
      Optional<Variant> asked,
      Programs programs,
      Names names,
      Claim claim,
      LoadedTables tables,
      boolean patient)
      throws InterruptedException {
    List<Engine> others = new ArrayList<>(all(programs, names, claim, tables));
    int used =
        nftables
            ? NFTABLES
            : switch (asked.isPresent() ? asked.get() : variant(programs, tables, patient)) {
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
  private static Variant variant(Programs programs, LoadedTables tables, boolean patient)
      throws InterruptedException {
    for (Family family : Family.values()) {
      TableName mangle = new TableName(family, "mangle");
      if (HINTS.stream().anyMatch(hint -> tables.hasChain(new ChainName(mangle, hint)))) {
        return Variant.NFT;
      }
    }
    for (Family family : Family.values()) {
      if (LoadedTables.legacyTables(family).contains("mangle")
          && hintsInLegacy(programs, family, patient)) {
        return Variant.LEGACY;
      }
    }
    Optional<Variant> v4 = installed(programs, Family.V4, patient);
    return v4.isPresent() ? v4.get() : installed(programs, Family.V6, patient).orElse(Variant.NFT);
  }

  private static boolean hintsInLegacy(Programs programs, Family family, boolean patient)
      throws InterruptedException {
    try {
      return Iptables.find(programs, family, Variant.LEGACY).hasChain("mangle", HINTS);
    } catch (FirewallException e) {
      passOver(e, patient);
      return false; // no program of that variant: nobody uses it
    }
  }

  private static Optional<Variant> installed(Programs programs, Family family, boolean patient)
      throws InterruptedException {
    try {
      return Iptables.installed(programs, family);
    } catch (FirewallException e) {
      passOver(e, patient);
      LOG.log(Level.WARNING, e.getMessage());
      return Optional.empty();
    }
  }

  private static void passOver(FirewallException problem, boolean patient) {
    if (patient && problem.isBusy()) {
      throw problem;
    }
  }
}
