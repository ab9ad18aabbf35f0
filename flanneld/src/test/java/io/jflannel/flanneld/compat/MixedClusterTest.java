// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Node 1 is ours, node 2 is upstream's, played by hand (issue 3, item 9). */
class MixedClusterTest {

  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String OTHER_MAC = "ee:fc:d0:91:f1:77";

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

  @Test
  void vxlan() throws Exception {
    Upstream one = new Upstream(1, true);
    Upstream two = new Upstream(2, true);
    site.etcd().put("/g/config", Upstream.CONFIG);
    site.writeSubnetFile("n1", one.subnetFile());
    two.makeDevices();
    site.etcd().putLeased(two.key(), two.lease());
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();
      upstreamLearns(two);
      awaitPing(1, "10.244.2.0");
      awaitPing(2, "10.244.1.0");
      awaitPing(1, "fd00:10:244:2::");
      awaitPing(2, "fd00:10:244:1::");

      Site.Running monitor = site.program(1, "monitor", "ip monitor link address route neigh");
      Site.Running ping = site.program(1, "ping", "ping -n -q -i 0.02 -W 1 10.244.2.0");
      site.etcd().putLeased(two.key(), two.lease()); // renewed
      Upstream three = new Upstream(3, true); // a sign that the renewal has been handled
      site.etcd().put(three.key(), three.lease());
      await().atMost(LIMIT).until(() -> Seen.routes(1, "\"10.244.3.0/24\"").size() == 1);
      assertThat(monitor.text()).doesNotContain("10.244.2.0").doesNotContain("fd00:10:244:2:");
      ping.interrupt();
      assertThat(ping.text()).contains(" 0% packet loss");

      Site.onNode(2, "link set flannel.1 address " + OTHER_MAC); // upstream's B2
      site.etcd().put(two.key(), two.lease(OTHER_MAC));
      upstreamLearns(two); // the kernel forgets neighbours with the MAC
      awaitPing(1, "10.244.2.0");
      assertThat(Seen.fdb(1, "flannel.1").toString())
          .contains(OTHER_MAC)
          .doesNotContain(Upstream.mac(2));

      site.etcd().delete(two.key());
      await().atMost(LIMIT).until(() -> !Upstream.state(1, true).contains("10.244.2.0"));
      assertThat(Upstream.state(1, true)).doesNotContain(OTHER_MAC, Upstream.mac6(2), "244:2::");

      site.etcd()
          .put(
              "/g/subnets/10.244.7.0-24&fd00:10:244:7::-64",
              two.lease(OTHER_MAC)); // another subnet
      Site.onNode(2, "addr add 10.244.7.0/32 dev flannel.1");
      awaitPing(1, "10.244.7.0");
    }
  }

  /** Upstream programs what our lease says. */
  private void upstreamLearns(Upstream two) throws Exception {
    String lease = site.etcd().list("/g/subnets/10.244.1.0-24").values().iterator().next();
    String mac = Seen.mac(1, "flannel.1");
    String mac6 = Seen.mac(1, "flannel-v6.1");
    assertThat(lease).contains(mac, mac6);
    two.program(1, mac, mac6);
  }

  @Test
  void hostGw() throws Exception {
    String peer = "/g/subnets/10.244.2.0-24";
    String value = "{\"PublicIP\":\"10.77.0.2\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}";
    site.etcd()
        .put("/g/config", "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}");
    site.writeSubnetFile("n1", new Upstream(1, false).subnetFile());
    site.etcd().put(peer, value);
    for (int i = 1; i <= 2; i++) { // a container on each
      Site.onNode(i, "link add cni0 type bridge");
      Site.onNode(i, "addr add 10.244." + i + ".1/24 dev cni0");
      Site.onNode(i, "link set cni0 up");
    }
    Site.onNode(2, "route add 10.244.1.0/24 via 10.77.0.1 dev eth0 proto boot");
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();
      awaitPing(1, "-I 10.244.1.1 10.244.2.1");
      awaitPing(2, "-I 10.244.2.1 10.244.1.1");

      site.etcd().delete(peer);
      await().atMost(LIMIT).until(() -> Seen.routes(1, "\"10.244.2.0/24\"").isEmpty());
      site.etcd().put("/g/subnets/10.244.8.0-24", value);
      await().atMost(LIMIT).until(() -> Seen.routes(1, "\"10.244.8.0/24\"").size() == 1);
      assertThat(Seen.routes(1, "\"10.244.1.0/24\"")).hasSize(1); // cni0's own
    }
  }

  @Test
  void oldLeases() throws Exception { // V010's bytes: no PublicIPv6, no VNI; on the v3 store
    site.etcd().put("/g/config", Upstream.CONFIG4);
    site.etcd()
        .put(
            "/g/subnets/10.244.2.0-24",
            """
            {"PublicIP":"10.77.0.2","BackendType":"vxlan",\
            "BackendData":{"VtepMAC":"62:0b:51:89:4d:fb"}}\
            """);
    site.etcd()
        .put(
            "/g/subnets/10.244.3.0-24",
            """
            {"publicip":"10.77.0.3","BACKENDTYPE":"vxlan",\
            "backenddata":{"vtepmac":"AA00.0000.0006"}}\
            """);
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();
      await().atMost(LIMIT).until(() -> Seen.routes(1, "onlink").size() == 2);
      assertThat(Seen.fdb(1, "flannel.1").toString())
          .contains("62:0b:51:89:4d:fb", "10.77.0.2", "aa:00:00:00:00:06", "10.77.0.3");
    }
  }

  @Test
  void oldStore() throws Exception { // etcd v2 and its form of the lease (golden part 4)
    site.etcd().put2("/g/config", Upstream.CONFIG4);
    site.etcd()
        .put2(
            "/g/subnets/10.244.2.0-24",
            """
            {"PublicIP":"10.77.0.2","BackendType":"vxlan",\
            "BackendData":{"VtepMAC":"62:0b:51:89:4d:fb"}}\
            """);
    site.writeSubnetFile("n1", new Upstream(1, false).subnetFile());
    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();
      await().atMost(LIMIT).until(() -> Seen.routes(1, "onlink").size() == 1);
      assertThat(Seen.fdb(1, "flannel.1").toString()).contains("62:0b:51:89:4d:fb", "10.77.0.2");
      String value =
          "{\"PublicIP\":\"10.77.0.1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\""
              + Seen.mac(1, "flannel.1")
              + "\"}}";
      assertThat(site.etcd().list2("/g/subnets/10.244.1.0-24"))
          .contains("\"value\":\"" + value.replace("\"", "\\\"") + "\"", "\"ttl\":86");
      assertThat(site.etcd().list("/g/")).isEmpty();
    }
  }

  private static void awaitPing(int node, String words) {
    await()
        .atMost(LIMIT)
        .ignoreExceptionsInstanceOf(AssertionError.class)
        .untilAsserted(() -> Site.exec(node, "ping -n -q -c 1 -W 1 " + words));
  }
}
