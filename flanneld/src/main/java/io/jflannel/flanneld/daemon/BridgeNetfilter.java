// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.net.Family;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether bridged packets pass iptables (LIF-6). Upstream refuses to start without; the rules that
 * need it are not written yet, so this only tells.
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
                + " does not exist: load the kernel module br_netfilter if services behind a"
                + " bridge need iptables");
      }
    }
    return missing;
  }
}
