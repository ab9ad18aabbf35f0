// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.flanneld.daemon.Flanneld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Exit statuses of real processes (spec 1.7, golden part 1). More of them: FlanneldProcessTest; the
 * tables of malformed flags, configurations, files, keys and values: FlanneldFlagsTest,
 * GoFlagsTest, NetworkConfigParserTest, PreviousSubnetsTest, SubnetKeyTest, LeaseTextTest.
 */
class BadInputTest {

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"ipip", "WireGuard"})
  void aBackendThatIsNotAvailableYet(String type) throws Exception {
    assertConfigRefused(
        "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"" + type + "\"}}",
        "\"" + type + "\" is not available yet");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"Network":"10.5.0.0/16","Backend":{"Type":""}} | unknown backend type: ""
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":16777216}} | Backend.VNI
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","Port":70000}} | Backend.Port
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","MTU":40}} | Backend.MTU
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","GBP":"yes"}} | Backend.GBP
          {"Network":"10.5.0.0/16","Backend":{"Type":"udp","Port":0}} | Backend.Port: 0 must be an integer from 1 to 65535
          {"Network":"10.5.0.0/16","Backend":null} | unknown backend type: "" (there is no Backend.Type); known: vxlan
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":-1}} | Backend.VNI: -1 must be an integer from 0 to 16777215
          {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","Port":"8472"}} | Backend.Port: "8472" is a string, must be an integer
          {"EnableIPv4":false} | EnableIPv4 is false and EnableIPv6 is not true
          """)
  void aConfigurationThatCannotBeUsed(String config, String message) throws Exception {
    assertConfigRefused(config, message);
  }

  private void assertConfigRefused(String config, String message) throws Exception {
    Path store = Files.createDirectories(directory.resolve("store"));
    Files.writeString(store.resolve("config"), config);
    try (DaemonProcess flanneld =
        start(Map.of(), "--local-store=" + store, file(), "--iface=127.0.0.1")) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains("network configuration in " + store.resolve("config") + ": ")
          .contains(message)
          .doesNotContain("\tat ");
    }
    assertThat(directory.resolve("n/subnet.env")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "--healthz-port=abc, 2",
    "-iface, 2",
    "--iptables-resync=0, 1",
    "--subnet-lease-renew-margin=1440, 1",
    "--etcd-api=v9, 2",
    "--kube-subnet-mgr, 1",
    "--iface-regex=(, 1",
    "--iface-can-reach=gateway, 1",
    "--public-ip=10.9.0.1/24, 1",
    "--etcd-endpoints=, 1",
    "--etcd-endpoints=ftp://x, 1",
    "--etcd-endpoints=http://x:99999, 1",
    "--log-format=xml, 2",
    "--v=much, 2",
  })
  void aFlagThatCannotBeUsed(String flag, int status) throws Exception {
    try (DaemonProcess flanneld = start(Map.of(), file(), flag)) {
      assertThat(flanneld.awaitExit()).as(flanneld.log()).isEqualTo(status);
      assertThat(flanneld.log()).doesNotContain("\tat ");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FLANNELD_HEALTHZ_PORT, 70000",
    "FLANNELD_IPTABLES_RESYNC, 0",
    "FLANNELD_SUBNET_LEASE_RENEW_MARGIN, 0",
    "FLANNELD_PUBLIC_IP, eth0",
    "FLANNELD_IFACE_REGEX, (",
  })
  void aVariableThatCannotBeUsed(String name, String value) throws Exception {
    try (DaemonProcess flanneld = start(Map.of(name, value), file())) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("(from the environment: " + name + ")").hasLineCount(1);
    }
    assertThat(directory.resolve("n")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLANNELD_HEALTHZ_PORT", "FLANNELD_IP_MASQ"})
  void aVariableThatCannotBeParsed(String name) throws Exception { // ODD-2
    try (DaemonProcess flanneld = start(Map.of(name, "zz"), file())) {
      assertThat(flanneld.awaitExit()).isEqualTo(2);
      assertThat(flanneld.log()).contains(name);
    }
  }

  private String file() {
    return "--subnet-file=" + directory.resolve("n/subnet.env");
  }

  private DaemonProcess start(Map<String, String> environment, String... flags) throws IOException {
    return DaemonProcess.start(
        List.of(), Flanneld.class, directory.resolve("log"), environment, flags);
  }
}
