// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfigParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LIF-6, as far as it goes without firewall rules. */
class BridgeNetfilterTest {

  private static final String DUAL =
      "\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd00:5::/56\"";

  @TempDir Path settings;

  @Test
  void eachFamilyNeedsItsSetting() throws IOException {
    Files.createFile(settings.resolve("bridge-nf-call-iptables"));

    assertThat(missing("{" + DUAL + "}"))
        .singleElement()
        .asString()
        .startsWith(settings + "/bridge-nf-call-ip6tables does not exist");
    assertThat(missing("{\"Network\":\"10.5.0.0/16\"}")).isEmpty();
  }

  @Test
  void nftablesNeedsNone() {
    assertThat(missing("{" + DUAL + ",\"EnableNFTables\":true}")).isEmpty();
  }

  private List<String> missing(String config) {
    return BridgeNetfilter.missing(NetworkConfigParser.parse(config), settings);
  }
}
