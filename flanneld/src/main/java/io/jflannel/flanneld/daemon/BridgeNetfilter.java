// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.net.Family;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether bridged packets pass iptables (LIF-6). Without, kube-proxy's rules do not see packets
 * between two containers of one bridge; {@code --bridge-netfilter=warn} starts all the same (P30).
 */
final class BridgeNetfilter {

  private BridgeNetfilter() {}

  /**
   * What is missing, one line each.
   *
   * @param settings {@code /proc/sys/net/bridge}
   */
  static List<String> missing(NetworkConfig config, Path settings) {
    List<String> missing = new ArrayList<>();
    if (config.nftables()) {
      return missing;
    }
    for (Family family : Family.values()) {
      Path setting =
          settings.resolve(
              family == Family.V4 ? "bridge-nf-call-iptables" : "bridge-nf-call-ip6tables");
      if (config.enabled(family) && Files.notExists(setting)) {
        missing.add(
            setting
                + " does not exist, so packets between two containers of one bridge do not pass"
                + " iptables, and services do not work there: load the kernel module"
                + " (modprobe br_netfilter), use nftables (\"EnableNFTables\": true), or start with"
                + " --bridge-netfilter=warn if nothing needs it");
      }
    }
    return missing;
  }
}
