// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

/** Where rules are kept, and how. */
enum Way {
  NFT("nft", false),
  LEGACY("legacy", false),
  NFTABLES("nft", true);

  final String variant;
  final boolean nftables;

  Way(String variant, boolean nftables) {
    this.variant = variant;
    this.nftables = nftables;
  }

  String config() {
    return """
    {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
    "EnableNFTables":%s,"Backend":{"Type":"vxlan"}}\
    """
        .formatted(nftables);
  }

  /** Our rules of both families, in order, with the jumps to them. */
  String rules() throws Exception {
    return nftables
        ? sh("for t in 'ip flannel-ipv4' 'ip6 flannel-ipv6'; do nft list table $t || true; done")
        : sh("iptables-%1$s-save; ip6tables-%1$s-save".formatted(variant))
            .lines()
            .filter(line -> line.contains("flanneld ") || line.startsWith(":FLANNEL"))
            .reduce("", (all, line) -> all + line + "\n");
  }

  /** Whether anything of ours is there, of either family. */
  boolean holdsAny() throws Exception {
    return nftables ? sh("nft list tables").contains("flannel-ip") : rules().contains("FLANNEL");
  }

  private static String sh(String script) throws Exception {
    return Shell.run(Site.node(1), script);
  }
}
