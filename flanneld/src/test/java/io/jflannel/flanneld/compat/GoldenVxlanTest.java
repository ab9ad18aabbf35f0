// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Golden G1: what vxlan leaves in the store, in the subnet file and in the kernel. */
class GoldenVxlanTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);

  private static final String DEVICE =
      """
      {"id":1,"local":"10.77.0.1","link":"eth0","port_range":{"low":0,"high":0},"port":8472,\
      "learning":false,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,\
      "udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false}\
      """;

  @TempDir Path directory;
  private Site site;

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, 2);
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
  }

  /** Both daemons with the subnet files of G0, until node 1 has its peer. */
  private void startBoth(String config, String subnet4, String subnet6, int routes)
      throws Exception {
    site.etcd().put("/g/config", config);
    for (int i = 1; i <= 2; i++) {
      site.writeSubnetFile("n" + i, previous(subnet4, subnet6, i));
    }
    try (DaemonProcess one = site.flanneld(1, "--ip-masq");
        DaemonProcess two = site.flanneld(2, "--ip-masq")) {
      one.awaitReady();
      two.awaitReady();
      await()
          .atMost(LIMIT)
          .until(
              () -> Seen.routes(1, "onlink").size() + Seen.routes6(1, "onlink").size() == routes);
      one.signal("TERM");
      two.signal("TERM");
      assertThat(one.awaitExit()).isZero();
      assertThat(two.awaitExit()).isZero();
    }
  }

  private static String previous(String subnet4, String subnet6, int node) {
    StringBuilder text = new StringBuilder();
    if (!subnet4.isEmpty()) {
      text.append("FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=");
      text.append(subnet4.formatted(node)).append('\n');
    }
    if (!subnet6.isEmpty()) {
      text.append("FLANNEL_IPV6_NETWORK=fd00:10:244::/48\nFLANNEL_IPV6_SUBNET=");
      text.append(subnet6.formatted(node)).append('\n');
    }
    return text.append("FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n").toString();
  }

  @Test
  void dualStack() throws Exception { // G1
    startBoth(
        """
        {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
        "Backend":{"Type":"vxlan"}}\
        """,
        "10.244.%d.1/24",
        "fd00:10:244:%d::1/64",
        2);

    String own4 = Seen.mac(1, "flannel.1");
    String own6 = Seen.mac(1, "flannel-v6.1");
    String peer4 = Seen.mac(2, "flannel.1");
    String peer6 = Seen.mac(2, "flannel-v6.1");
    String value =
        """
        {"PublicIP":"10.77.0.%d","PublicIPv6":"fd77::%d","BackendType":"vxlan",\
        "BackendData":{"VNI":1,"VtepMAC":"%s"},"BackendV6Data":{"VNI":1,"VtepMAC":"%s"}}\
        """;
    assertThat(site.etcd().list("/g/subnets/"))
        .isEqualTo(
            Map.of(
                "/g/subnets/10.244.1.0-24&fd00:10:244:1::-64",
                value.formatted(1, 1, own4, own6),
                "/g/subnets/10.244.2.0-24&fd00:10:244:2::-64",
                value.formatted(2, 2, peer4, peer6)));
    assertThat(site.etcd().meta("/g/subnets/10.244.1.0-24&fd00:10:244:1::-64"))
        .isEqualTo(new Etcd.Meta("1", true));
    assertThat(site.subnetFile("n1")) // the MTU: listed exception (B33)
        .hasContent(
            """
            FLANNEL_NETWORK=10.244.0.0/16
            FLANNEL_SUBNET=10.244.1.1/24
            FLANNEL_IPV6_NETWORK=fd00:10:244::/48
            FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
            FLANNEL_MTU=1430
            FLANNEL_IPMASQ=true
            """);
    assertDevice("flannel.1", DEVICE, "1450");
    assertDevice(
        "flannel-v6.1",
        DEVICE.replace("\"local\":\"10.77.0.1\"", "\"local6\":\"fd77::1\""),
        "1430");
    assertThat(Seen.addresses(1, "flannel.1"))
        .containsExactlyInAnyOrder("10.244.1.0/32 global", linkLocal(own4));
    assertThat(Seen.addresses(1, "flannel-v6.1"))
        .containsExactlyInAnyOrder("fd00:10:244:1::/128 global", linkLocal(own6));
    assertEntries4("flannel.1", peer4);
    assertEntries6("flannel-v6.1", peer6);
  }

  @Test
  void ipv4Only() throws Exception { // G1
    startBoth(
        """
        {"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}\
        """,
        "10.244.%d.1/24",
        "",
        1);

    assertThat(site.etcd().list("/g/subnets/"))
        .containsEntry(
            "/g/subnets/10.244.1.0-24",
            """
            {"PublicIP":"10.77.0.1","PublicIPv6":null,"BackendType":"vxlan",\
            "BackendData":{"VNI":1,"VtepMAC":"%s"}}\
            """
                .formatted(Seen.mac(1, "flannel.1")))
        .hasSize(2);
    assertThat(site.subnetFile("n1"))
        .hasContent(
            """
            FLANNEL_NETWORK=10.244.0.0/16
            FLANNEL_SUBNET=10.244.1.1/24
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=true
            """);
    assertDevice("flannel.1", DEVICE, "1450");
    assertThat(Seen.exists(1, "flannel-v6.1")).isFalse();
    assertEntries4("flannel.1", Seen.mac(2, "flannel.1"));
  }

  @Test
  void ipv6Only() throws Exception { // G1, ODD-13
    startBoth(
        """
        {"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:10:244::/48",\
        "Backend":{"Type":"vxlan"}}\
        """,
        "",
        "fd00:10:244:%d::1/64",
        1);

    assertThat(site.etcd().list("/g/subnets/"))
        .containsEntry(
            "/g/subnets/0.0.0.0-0&fd00:10:244:1::-64",
            """
            {"PublicIP":"0.0.0.0","PublicIPv6":"fd77::1","BackendType":"vxlan",\
            "BackendV6Data":{"VNI":1,"VtepMAC":"%s"}}\
            """
                .formatted(Seen.mac(1, "flannel-v6.1")))
        .hasSize(2);
    assertThat(site.subnetFile("n1")) // the MTU: listed exception (B33)
        .hasContent(
            """
            FLANNEL_IPV6_NETWORK=fd00:10:244::/48
            FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
            FLANNEL_MTU=1430
            FLANNEL_IPMASQ=true
            """);
    assertThat(Seen.mtu(1, "flannel-v6.1")).isEqualTo("1430");
    assertThat(Seen.exists(1, "flannel.1")).isFalse();
    assertEntries6("flannel-v6.1", Seen.mac(2, "flannel-v6.1"));
  }

  @Test
  void everyKeyOfTheConfiguration() throws Exception { // G1, second part; backends.md 3.1
    startBoth(
        """
        {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
        "Backend":{"Type":"vxlan","VNI":77,"Port":4789,"GBP":true,"Learning":true,"MTU":1400,\
        "MacPrefix":"0E-2A"}}\
        """,
        "10.244.%d.1/24",
        "fd00:10:244:%d::1/64",
        2);

    String golden =
        DEVICE
            .replace("\"id\":1", "\"id\":77")
            .replace("8472", "4789")
            .replace("\"learning\":false", "\"learning\":true");
    assertDevice("flannel.77", golden, "1350");
    assertDevice(
        "flannel-v6.77",
        golden.replace("\"local\":\"10.77.0.1\"", "\"local6\":\"fd77::1\""),
        "1330"); // upstream: 1350, more than an IPv6 underlay of 1400 carries (B33)
    assertThat(Site.onNode(1, "-d link show flannel.77")).contains(" gbp ");
    assertThat(Site.onNode(1, "-d link show flannel-v6.77")).contains(" gbp ");
    assertThat(site.subnetFile("n1")).content().contains("FLANNEL_MTU=1330\n");
    assertThat(site.etcd().list("/g/subnets/10.244.1").values())
        .first()
        .asString()
        .contains("\"BackendData\":{\"VNI\":77,", "\"BackendV6Data\":{\"VNI\":77,");
    assertThat(Seen.mac(1, "flannel.77")).doesNotStartWith("0e:2a");
    assertEntries4("flannel.77", Seen.mac(2, "flannel.77"));
    assertEntries6("flannel-v6.77", Seen.mac(2, "flannel-v6.77"));
  }

  @Test
  void directRouting() throws Exception { // G1.2, B52
    String lease =
        """
        {"PublicIP":"%s","PublicIPv6":"%s","BackendType":"vxlan",\
        "BackendData":{"VNI":1,"VtepMAC":"aa:00:00:00:04:0%d"},\
        "BackendV6Data":{"VNI":1,"VtepMAC":"aa:00:00:00:06:0%d"}}\
        """;
    String peerA = "/g/subnets/10.55.2.0-24&fd55:0:0:2::-64";
    site.etcd()
        .put(
            "/g/config",
            """
            {"Network":"10.55.0.0/16","IPv6Network":"fd55::/48","EnableIPv6":true,\
            "Backend":{"Type":"vxlan","DirectRouting":true}}\
            """);
    site.etcd().put(peerA, lease.formatted("10.77.0.2", "fd77::2", 2, 2));
    site.etcd()
        .put(
            "/g/subnets/10.55.3.0-24&fd55:0:0:3::-64",
            lease.formatted("10.78.0.3", "fd78::3", 3, 3));
    try (DaemonProcess one = site.flanneld(1)) {
      one.awaitReady();
      await().atMost(LIMIT).until(() -> Seen.routes(1, "10.55.").size() == 2);

      assertThat(Seen.routes(1, "10.55."))
          .containsExactlyInAnyOrder(
              """
              {"type":"unicast","dst":"10.55.2.0/24","gateway":"10.77.0.2","dev":"eth0",\
              "protocol":"boot","scope":"global","flags":[]}\
              """,
              """
              {"type":"unicast","dst":"10.55.3.0/24","gateway":"10.55.3.0","dev":"flannel.1",\
              "protocol":"boot","scope":"global","flags":["onlink"]}\
              """);
      String viaA =
          """
          {"type":"unicast","dst":"fd55:0:0:2::/64","gateway":"fd77::2","dev":"eth0",\
          "protocol":"boot","scope":"global","metric":1024,"flags":[],"pref":"medium"}\
          """;
      String viaB =
          """
          {"type":"unicast","dst":"fd55:0:0:3::/64","gateway":"fd55:0:0:3::",\
          "dev":"flannel-v6.1","protocol":"boot","scope":"global","metric":1024,\
          "flags":["onlink"],"pref":"medium"}\
          """;
      assertThat(Seen.routes6(1, "\"gateway\":\"fd")).contains(viaA, viaB);
      assertThat(Seen.fdb(1, "flannel.1")).hasSize(1).first().asString().contains("10.78.0.3");
      assertThat(Seen.fdb(1, "flannel-v6.1")).hasSize(1).first().asString().contains("fd78::3");
      assertThat(Seen.neighbours(1, "flannel.1")).hasSize(1);
      assertThat(Seen.neighbours(1, "flannel-v6.1")).hasSize(1);

      site.etcd().put(peerA, lease.formatted("10.78.0.2", "fd78::2", 2, 2));

      await()
          .atMost(LIMIT)
          .untilAsserted(() -> {
            assertThat(Seen.routes(1, "\"dst\":\"10.55.2.0/24\""))
                .singleElement()
                .asString()
                .contains("\"dev\":\"flannel.1\"", "onlink");
            assertThat(Seen.routes6(1, "\"dst\":\"fd55:0:0:2::/64\""))
                .singleElement()
                .asString()
                .contains("\"dev\":\"flannel-v6.1\"", "onlink");
            assertThat(Seen.fdb(1, "flannel-v6.1")).hasSize(2);
          });
    }
  }

  private static void assertDevice(String name, String golden, String mtu) throws Exception {
    assertThat(Seen.vxlan(1, name)).matches(device -> Seen.includes(golden, device), golden);
    assertThat(Seen.mtu(1, name)).isEqualTo(mtu);
    assertThat(Seen.acceptRa(1, name)).isEqualTo("0");
    assertThat(Seen.link(1, name).text())
        .contains("\"flags\":[\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\"]")
        .contains("\"qdisc\":\"noqueue\"", "\"inet6_addr_gen_mode\":\"eui64\"")
        .doesNotContain("\"txqlen\"");
  }

  private static void assertEntries4(String device, String peerMac) throws Exception {
    assertThat(Seen.routes(1, "10.244."))
        .containsExactly(
            """
            {"type":"unicast","dst":"10.244.2.0/24","gateway":"10.244.2.0","dev":"%s",\
            "protocol":"boot","scope":"global","flags":["onlink"]}\
            """
                .formatted(device));
    assertThat(Seen.neighbours(1, device))
        .containsExactly(
            """
            {"dst":"10.244.2.0","dev":"%s","lladdr":"%s","state":["PERMANENT"]}\
            """
                .formatted(device, peerMac));
    assertThat(Seen.fdb(1, device))
        .containsExactly(
            """
            {"mac":"%s","ifname":"%s","dst":"10.77.0.2","flags":["self"],"state":"permanent"}\
            """
                .formatted(peerMac, device));
  }

  private static void assertEntries6(String device, String peerMac) throws Exception {
    assertThat(Seen.routes6(1, "\"dst\":\"fd00:10:244:2::/64\""))
        .containsExactly(
            """
            {"type":"unicast","dst":"fd00:10:244:2::/64","gateway":"fd00:10:244:2::",\
            "dev":"%s","protocol":"boot","scope":"global","metric":1024,"flags":["onlink"],\
            "pref":"medium"}\
            """
                .formatted(device));
    assertThat(Seen.neighbours(1, device))
        .containsExactly(
            """
            {"dst":"fd00:10:244:2::","dev":"%s","lladdr":"%s","state":["PERMANENT"]}\
            """
                .formatted(device, peerMac));
    assertThat(Seen.fdb(1, device))
        .containsExactly(
            """
            {"mac":"%s","ifname":"%s","dst":"fd77::2","flags":["self"],"state":"permanent"}\
            """
                .formatted(peerMac, device));
  }

  /** RFC 4291, appendix A: the modified EUI-64 address that the kernel gives the device. */
  private static String linkLocal(String mac) {
    String[] b = mac.split(":", -1);
    int first = Integer.parseInt(b[0], 16) ^ 2;
    String text =
        "fe80::%x:%x:%x:%x"
            .formatted(
                first << 8 | Integer.parseInt(b[1], 16),
                Integer.parseInt(b[2], 16) << 8 | 0xff,
                0xfe00 | Integer.parseInt(b[3], 16),
                Integer.parseInt(b[4], 16) << 8 | Integer.parseInt(b[5], 16));
    return text + "/64 link";
  }
}
