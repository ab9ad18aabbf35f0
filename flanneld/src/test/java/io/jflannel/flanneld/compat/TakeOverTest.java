// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Upstream's node taken over in place and handed back (issue 3, item 9; golden G1.1). */
class TakeOverTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);

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

  private Upstream[] upstreamNodes(boolean dual) throws Exception {
    Upstream[] nodes = {new Upstream(1, dual), new Upstream(2, dual)};
    site.etcd().put("/g/config", dual ? Upstream.CONFIG : Upstream.CONFIG4);
    for (Upstream node : nodes) {
      node.makeDevices();
      site.etcd().putLeased(node.key(), node.lease());
      site.writeSubnetFile("n" + node.node(), node.subnetFile());
    }
    nodes[0].program(nodes[1]);
    nodes[1].program(nodes[0]);
    return nodes;
  }

  @Test
  void inPlaceAndBackWithoutALostPacket() throws Exception {
    Upstream[] nodes = upstreamNodes(true);
    String before = Upstream.state(1, true);
    awaitPing("10.244.1.0"); // duplicate address detection takes a second
    awaitPing("fd00:10:244:1::");
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(Site.exec(1, "ip -6 addr show tentative")).isBlank());
    Site.Running monitor = site.program(1, "monitor", "ip monitor link address route neigh");
    Site.Running fdb = site.program(1, "fdb", "bridge monitor fdb");
    Site.Running ping = site.program(2, "ping", "ping -n -q -i 0.02 -W 1 10.244.1.0");
    Site.Running ping6 = site.program(2, "ping6", "ping -n -q -i 0.02 -W 1 fd00:10:244:1::");

    try (DaemonProcess ours = site.flanneld(1)) { // ours takes over from upstream
      ours.awaitReady();
      await().atMost(LIMIT).until(() -> site.status("n1").contains("\"programmed\":true"));
      assertThat(site.status("n1")).contains("\"put\":0,\"deleted\":0");
      ours.signal("TERM");
      assertThat(ours.awaitExit()).isZero();
    }
    assertThat(Upstream.state(1, true)).isEqualTo(before); // upstream finds what it left
    assertThat(site.etcd().list("/g/subnets/"))
        .containsEntry(nodes[0].key(), nodes[0].lease())
        .hasSize(2);
    try (DaemonProcess again = site.flanneld(1)) {
      again.awaitReady();
      again.signal("KILL");
    }

    ping.interrupt();
    ping6.interrupt();
    assertThat(ping.text()).contains(" 0% packet loss");
    assertThat(ping6.text()).contains(" 0% packet loss");
    assertThat((monitor.text() + fdb.text()).lines().filter(TakeOverTest::ofOverlay)).isEmpty();
    assertThat(Upstream.state(1, true)).isEqualTo(before);
  }

  private static void awaitPing(String address) {
    await()
        .atMost(LIMIT)
        .ignoreExceptionsInstanceOf(AssertionError.class)
        .untilAsserted(() -> Site.exec(2, "ping -n -q -c 1 -W 1 " + address));
  }

  private static boolean ofOverlay(String line) {
    return line.contains("flannel") || line.contains("10.244.") || line.contains("fd00:10:244:");
  }

  @Test
  void theOtherSideNoticesNothing() throws Exception {
    Upstream[] nodes = upstreamNodes(false);
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();

      assertThat(site.etcd().list("/g/subnets/")).containsEntry(nodes[0].key(), nodes[0].lease());
      assertThat(site.etcd().meta(nodes[0].key()).leased()).isTrue();
      assertThat(site.subnetFile("n1")).hasContent(nodes[0].subnetFile());
    }
  }

  /**
   * G1.1. {@code kept}: same index. Ours differs from upstream, as docs/compatibility.md says: MTU,
   * learning and local address are brought into line in place (B33).
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 nolearning | true | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 4789 nolearning | true | 4789
          mtu 1300 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 learning ttl 5 ageing 10 | true | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 nolearning l3miss proxy | true | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 nolearning group 239.1.1.1 | true | 8472
          mtu 1500 | vxlan id 1 dstport 8472 nolearning | true | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.55 dstport 8472 nolearning | true | 8472
          mtu 1450 | vxlan id 2 dev eth0 local 10.77.0.1 dstport 8472 nolearning | false | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 nolearning gbp | false | 8472
          mtu 1450 | vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472 nolearning l2miss | false | 8472
          mtu 1450 | vxlan dev eth0 external dstport 8472 nolearning | false | 8472
          mtu 1450 | bridge | false | 8472
          """)
  void anExistingDevice(String link, String kind, boolean kept, String port) throws Exception {
    String mac = "0a:01:02:03:04:05";
    Site.onNode(1, "link add flannel.1 address " + mac + " " + link + " type " + kind);
    String index = Seen.index(1, "flannel.1");
    site.etcd().put("/g/config", Upstream.CONFIG4);
    site.writeSubnetFile("n1", new Upstream(1, false).subnetFile());

    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();

      assertThat(Seen.index(1, "flannel.1").equals(index)).isEqualTo(kept);
      assertThat(Seen.mtu(1, "flannel.1")).isEqualTo("1450");
      assertThat(Seen.link(1, "flannel.1").text()).contains("\"UP\"");
      assertThat(Seen.addresses(1, "flannel.1")).contains("10.244.1.0/32 global");
      assertThat(Seen.vxlan(1, "flannel.1").text())
          .contains("\"id\":1,", "\"port\":" + port + ",", "\"learning\":false");
      assertThat(Seen.vxlan(1, "flannel.1").member("local").map(Seen::text))
          .isEqualTo(Optional.of("10.77.0.1"));
      String published = Seen.mac(1, "flannel.1");
      if (kept) {
        assertThat(published).isEqualTo(mac);
      }
      assertThat(site.etcd().list("/g/subnets/10.244.1.0-24").values())
          .singleElement()
          .asString()
          .contains("\"VtepMAC\":\"" + published + "\"");
      assertThat(site.subnetFile("n1")).content().contains("FLANNEL_MTU=1450\n");
    }
  }

  @Test
  void theVniUnderAnotherNameIsNamed() throws Exception { // G1.1, B55
    Site.onNode(1, "link add tunnel9 type vxlan id 1 dev eth0 local 10.77.0.1 dstport 8472");
    site.etcd().put("/g/config", Upstream.CONFIG4);
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitLog("tunnel9");

      assertThat(Seen.exists(1, "tunnel9")).isTrue();
      assertThat(site.subnetFile("n1")).doesNotExist();

      Site.onNode(1, "link del tunnel9");

      ours.awaitReady();
      assertThat(Seen.exists(1, "flannel.1")).isTrue();
    }
  }
}
