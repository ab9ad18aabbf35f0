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

/** Golden G2, the conformance cases T1 to T4 and E7 of backends.md 18: host-gw. */
class GoldenHostGwTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final String DUAL =
      """
      {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
      "Backend":{"Type":"host-gw"}}\
      """;
  private static final String PEER = "/g/subnets/10.244.2.0-24&fd00:10:244:2::-64";
  private static final String VALUE =
      "{\"PublicIP\":\"10.77.0.%d\",\"PublicIPv6\":\"fd77::%d\",\"BackendType\":\"host-gw\"}";

  @TempDir Path directory;
  private Site site;

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, 1);
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
  }

  private void previousSubnets() throws Exception {
    site.writeSubnetFile(
        "n1",
        """
        FLANNEL_NETWORK=10.244.0.0/16
        FLANNEL_SUBNET=10.244.1.1/24
        FLANNEL_IPV6_NETWORK=fd00:10:244::/48
        FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
        """);
  }

  /** Exactly these routes; they name no other attribute. */
  private static void awaitRoutes(String gateway4, String gateway6) {
    String route4 =
        """
        {"type":"unicast","dst":"10.244.2.0/24","gateway":"%s","dev":"eth0","protocol":"boot",\
        "scope":"global","flags":[]}\
        """
            .formatted(gateway4);
    String route6 =
        """
        {"type":"unicast","dst":"fd00:10:244:2::/64","gateway":"%s","dev":"eth0",\
        "protocol":"boot","scope":"global","metric":1024,"flags":[],"pref":"medium"}\
        """
            .formatted(gateway6);
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> {
          assertThat(Seen.routes(1, "10.244.")).containsExactly(route4);
          assertThat(Seen.routes6(1, "fd00:10:244:")).containsExactly(route6);
        });
  }

  @Test
  void dualStackAndAChangedGateway() throws Exception { // G2, T1-T4
    previousSubnets();
    site.etcd().put("/g/config", DUAL);
    site.etcd().put(PEER, VALUE.formatted(2, 2));
    try (DaemonProcess one = site.flanneld(1)) {
      one.awaitReady();

      awaitRoutes("10.77.0.2", "fd77::2");

      assertThat(site.etcd().list("/g/subnets/"))
          .isEqualTo(
              Map.of(
                  "/g/subnets/10.244.1.0-24&fd00:10:244:1::-64",
                  VALUE.formatted(1, 1),
                  PEER,
                  VALUE.formatted(2, 2)));
      assertThat(site.subnetFile("n1"))
          .hasContent(
              """
              FLANNEL_NETWORK=10.244.0.0/16
              FLANNEL_SUBNET=10.244.1.1/24
              FLANNEL_IPV6_NETWORK=fd00:10:244::/48
              FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
              FLANNEL_MTU=1500
              FLANNEL_IPMASQ=false
              """);

      site.etcd().put(PEER, VALUE.formatted(10, 10)); // T2, T4: exactly one route each

      awaitRoutes("10.77.0.10", "fd77::10");

      site.etcd().delete(PEER);

      await()
          .atMost(LIMIT)
          .until(() -> Seen.routes(1, "10.244.").isEmpty() && Seen.routes6(1, "fd00:").isEmpty());
    }
  }

  @Test
  void upstreamsRoutesAreKeptAndItsPeerIsFollowed() throws Exception { // item 9, G2, P5
    previousSubnets();
    site.etcd().put("/g/config", DUAL);
    site.etcd().put("/g/subnets/10.244.1.0-24&fd00:10:244:1::-64", VALUE.formatted(1, 1));
    site.etcd().put(PEER, VALUE.formatted(2, 2));
    Site.onNode(1, "route add 10.244.2.0/24 via 10.77.0.2 dev eth0 proto boot");
    Site.onNode(1, "-6 route add fd00:10:244:2::/64 via fd77::2 dev eth0 proto boot");
    Site.onNode(1, "route add 10.244.9.0/24 via 10.77.0.9 dev eth0 proto boot"); // P5: vanished
    Site.Running monitor = site.program(1, "monitor", "ip monitor link address route");
    try (DaemonProcess one = site.flanneld(1)) {
      one.awaitReady();
      await().atMost(LIMIT).until(() -> monitor.text().contains("Deleted 10.244.9.0/24"));
      awaitRoutes("10.77.0.2", "fd77::2");
      assertThat(
              monitor
                  .text()
                  .lines()
                  .filter(line -> line.contains("10.244.") || line.contains("fd00:")))
          .containsExactly("Deleted 10.244.9.0/24 via 10.77.0.9 dev eth0 ");

      site.etcd().put(PEER, VALUE.formatted(2, 2)); // a renewal
      site.etcd()
          .put(
              "/g/subnets/10.244.3.0-24",
              "{\"PublicIP\":\"10.77.0.3\",\"BackendType\":\"host-gw\"}"); // V010

      await().atMost(LIMIT).until(() -> monitor.text().contains("10.244.3.0/24 via 10.77.0.3"));
      assertThat(monitor.text()).doesNotContain("10.244.2.0").doesNotContain("fd00:10:244:2");
    }
  }

  @Test
  void twoDaemonsOnOneHostLeaveEachOtherAlone() throws Exception { // E7, P41
    site.etcd().put("/a/config", "{\"Network\":\"10.11.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
    site.etcd()
        .put("/b/config", "{\"Network\":\"10.12.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}");
    site.etcd()
        .put(
            "/c/config",
            "{\"Network\":\"10.13.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":9}}");
    String vxlan =
        """
        {"PublicIP":"10.77.0.2","PublicIPv6":null,"BackendType":"vxlan",\
        "BackendData":{"VNI":%d,"VtepMAC":"0a:00:00:00:00:0%d"}}\
        """;
    site.etcd().put("/a/subnets/10.11.2.0-24", vxlan.formatted(1, 1));
    site.etcd()
        .put("/b/subnets/10.12.2.0-24", "{\"PublicIP\":\"10.77.0.2\",\"BackendType\":\"host-gw\"}");
    site.etcd().put("/c/subnets/10.13.2.0-24", vxlan.formatted(9, 9));
    try (DaemonProcess a = site.named(1, "a", "--etcd-prefix=/a");
        DaemonProcess b = site.named(1, "b", "--etcd-prefix=/b");
        DaemonProcess c = site.named(1, "c", "--etcd-prefix=/c")) {
      a.awaitReady();
      b.awaitReady();
      c.awaitReady();
      await().atMost(LIMIT).until(() -> peerRoutes().size() == 3);
      String before = everything();

      c.signal("TERM");
      assertThat(c.awaitExit()).isZero();
      site.etcd().delete("/b/subnets/10.12.2.0-24");
      await().atMost(LIMIT).until(() -> peerRoutes().size() == 2);
      site.etcd()
          .put(
              "/b/subnets/10.12.2.0-24",
              "{\"PublicIP\":\"10.77.0.2\",\"BackendType\":\"host-gw\"}");
      await().atMost(LIMIT).until(() -> peerRoutes().size() == 3);
      try (DaemonProcess again = site.named(1, "c", "--etcd-prefix=/c")) {
        again.awaitReady();

        assertThat(everything()).isEqualTo(before);
      }
      assertThat(site.status("a")).contains("\"repairs\":0", "\"opponents\":[]");
      assertThat(site.status("b")).contains("\"repairs\":0", "\"opponents\":[]");
    }
  }

  private static java.util.List<String> peerRoutes() throws Exception {
    return Seen.routes(1, "/24").stream().filter(route -> route.contains("\"10.1")).toList();
  }

  private static String everything() throws Exception {
    return String.join(
        "\n",
        peerRoutes().stream().sorted().toList().toString(),
        Seen.link(1, "flannel.1").text(),
        Seen.link(1, "flannel.9").text(),
        Seen.fdb(1, "flannel.1").toString(),
        Seen.fdb(1, "flannel.9").toString(),
        Seen.neighbours(1, "flannel.1").toString(),
        Seen.neighbours(1, "flannel.9").toString());
  }
}
