// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.local.LocalRegistry;
import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real daemons on the local store, each in a network namespace of its own. */
class FlanneldNodeTest {

  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);
  private static final String NETWORK =
      "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";

  @TempDir Path directory;
  private TestHosts hosts;

  @BeforeEach
  void prepare() throws IOException, InterruptedException {
    hosts = new TestHosts(2);
    Files.createDirectories(directory.resolve("store"));
    Files.writeString(directory.resolve("store/config"), NETWORK);
  }

  @AfterEach
  void clean() {
    hosts.close();
  }

  @Test
  void twoNodesReachEachOther() throws Exception {
    try (DaemonProcess one = start(1);
        DaemonProcess two = start(2)) {
      one.awaitReady();
      two.awaitReady();

      String other = subnet(2).replaceAll("\\.1/24$", ".0");

      await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(peers(1)).isEqualTo(1));
      await()
          .atMost(Duration.ofSeconds(10))
          .ignoreExceptionsInstanceOf(AssertionError.class)
          .untilAsserted(() ->
              TestHosts.run(
                  List.of("ip", "netns", "exec", TestHosts.name(1), "ping", "-c1", "-W1", other)));
    }
  }

  @Test
  void stoppingLeavesTheNetworkAndExitsWithZero() throws Exception { // LIF-17, LIF-18
    try (DaemonProcess flanneld = start(1)) {
      flanneld.awaitReady();
      String file = Files.readString(file(1));

      flanneld.signal("TERM");

      assertThat(flanneld.awaitExit()).isZero();
      assertThat(flanneld.log()).contains("Stopped; the network stays as it is");
      assertThat(file(1)).hasContent(file);
      assertThat(TestHosts.onHost(1, "link show flannel.1")).contains("UP");
    }
  }

  @Test
  void afterKillTheSameSubnetAndNoKernelWrite() throws Exception { // LIF-19
    String subnet;
    String link;
    try (DaemonProcess flanneld = start(1)) {
      flanneld.awaitReady();
      subnet = subnet(1);
      link = TestHosts.onHost(1, "link show flannel.1");
      flanneld.signal("KILL");
      assertThat(flanneld.awaitExit()).isEqualTo(137);
    }

    try (DaemonProcess again = start(1)) {
      again.awaitReady();

      assertThat(subnet(1)).isEqualTo(subnet);
      assertThat(TestHosts.onHost(1, "link show flannel.1")).isEqualTo(link);
      await().untilAsserted(() -> assertThat(status(1)).contains("\"put\":0,\"deleted\":0"));
    }
  }

  @Test
  void aNewAddressIsPublishedAndTheSubnetKept() throws Exception { // P20
    try (DaemonProcess flanneld = start(1)) {
      flanneld.awaitReady();
      String subnet = subnet(1);

      TestHosts.onHost(1, "addr add 10.77.0.101/32 dev eth0");
      TestHosts.onHost(1, "addr del 10.77.0.1/24 dev eth0");

      await()
          .atMost(FIVE_SECONDS)
          .untilAsserted(() -> assertThat(lease(subnet)).contains("\"PublicIP\":\"10.77.0.101\""));
      assertThat(subnet(1)).isEqualTo(subnet);
      flanneld.awaitLog(
          "External interface changed from interface eth0, MTU 1500, address 10.77.0.1, announced"
              + " as 10.77.0.1 to interface eth0, MTU 1500, address 10.77.0.101");
      assertThat(flanneld.log()).doesNotContain("Optional[", "ExternalInterface[");
    }
  }

  @Test
  void anAddressThatChangedWhileStoppedKeepsTheSubnetAndTheOnlyLease() throws Exception { // P20
    try (DaemonProcess peer = start(2)) {
      peer.awaitReady();
      String subnet;
      try (DaemonProcess flanneld = start(1)) {
        flanneld.awaitReady();
        subnet = subnet(1);
        flanneld.signal("TERM");
        assertThat(flanneld.awaitExit()).isZero();
      }
      TestHosts.onHost(1, "addr del 10.77.0.1/24 dev eth0");
      TestHosts.onHost(1, "addr add 10.77.0.101/24 dev eth0");

      try (DaemonProcess again = start(1)) {
        again.awaitReady();

        assertThat(subnet(1)).isEqualTo(subnet);
        assertThat(lease(subnet)).contains("\"PublicIP\":\"10.77.0.101\"");
        try (Stream<Path> leases = Files.list(directory.resolve("store/subnets"))) {
          assertThat(leases).hasSize(2);
        }
        await()
            .atMost(FIVE_SECONDS)
            .untilAsserted(() ->
                assertThat(forwarding(2))
                    .contains("dst 10.77.0.101 ")
                    .doesNotContain("dst 10.77.0.1 "));
      }
    }
  }

  private static String forwarding(int host) throws IOException, InterruptedException {
    return TestHosts.run(
        List.of("ip", "netns", "exec", TestHosts.name(host), "bridge", "fdb", "show"));
  }

  @Test
  void aSecondHostWithThePublicAddressIsNoticed() throws Exception { // P19
    try (DaemonProcess first = start(1)) {
      first.awaitReady();
      try (DaemonProcess second = start(2, "--public-ip=10.77.0.1")) {
        second.awaitReady();
        await()
            .atMost(FIVE_SECONDS)
            .untilAsserted(() -> assertThat(status(1)).contains("two hosts publish 10.77.0.1"));
      }
    }
  }

  @Test
  void aNewMtuIsFollowed() throws Exception { // P22
    try (DaemonProcess flanneld = start(1)) {
      flanneld.awaitReady();
      assertThat(file(1)).content().contains("FLANNEL_MTU=1450\n");

      TestHosts.onHost(1, "link set eth0 mtu 1400");

      await()
          .atMost(FIVE_SECONDS)
          .untilAsserted(() -> assertThat(file(1)).content().contains("FLANNEL_MTU=1350\n"));
      await()
          .atMost(FIVE_SECONDS)
          .untilAsserted(
              () -> assertThat(TestHosts.onHost(1, "link show flannel.1")).contains("mtu 1350"));
    }
  }

  @Test
  void systemdIsToldOnceTheFileIsThere() throws Exception { // LIF-1, LIF-10
    try (NotifyReceiver systemd = new NotifyReceiver(directory.resolve("notify"));
        DaemonProcess flanneld =
            DaemonProcess.start(
                List.of("ip", "netns", "exec", TestHosts.name(1)),
                Flanneld.class,
                directory.resolve("log1"),
                Map.of("NOTIFY_SOCKET", systemd.path()),
                flags(1))) {
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> systemd.received().stream().anyMatch(text -> text.startsWith("READY=1")));

      assertThat(file(1)).exists();
      assertThat(flanneld.log()).contains("flannel is ready");
    }
  }

  @Test
  void aLostSubnetIsFollowedAndKeepsTheNodeUnready() throws Exception {
    try (DaemonProcess flanneld = start(1)) {
      flanneld.awaitReady();
      String before = subnet(1);

      takeOver(before);

      await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> assertThat(subnet(1)).isNotEqualTo(before));
      await()
          .atMost(FIVE_SECONDS)
          .untilAsserted(() ->
              assertThat(TestHosts.onHost(1, "addr show flannel.1"))
                  .contains(" " + subnet(1).replaceAll("\\.1/24$", ".0/32 "))
                  .doesNotContain(" " + before.replaceAll("\\.1/24$", ".0/32 ")));
      await()
          .atMost(FIVE_SECONDS)
          .untilAsserted(() ->
              assertThat(status(1))
                  .contains("\"ready\":false,\"reasons\":[\"subnet changed from ")
                  .contains("restart containers"));
    }
  }

  @Test
  void aLostSubnetEndsTheDaemonIfToldSo() throws Exception {
    try (DaemonProcess flanneld = start(1, "--on-lease-lost=exit")) {
      flanneld.awaitReady();

      takeOver(subnet(1));

      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("Subnet lost (--on-lease-lost=exit)");
    }
  }

  /** Another node writes itself into a lease. */
  private void takeOver(String subnet) throws InterruptedException {
    String name = subnet.replaceAll("\\.1/24$", ".0-24");
    String value =
        "{\"PublicIP\":\"10.77.0.99\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\","
            + "\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:99\"}}";
    try (LocalRegistry registry = new LocalRegistry(directory.resolve("store"))) {
      Registry.Entry entry =
          registry.list().entries().stream()
              .filter(e -> e.name().equals(name))
              .findFirst()
              .orElseThrow();
      assertThat(registry.update(entry, value, Registry.Expiry.LEASED))
          .isInstanceOf(Registry.Written.Done.class);
    }
  }

  private DaemonProcess start(int host, String... more) throws IOException {
    return DaemonProcess.onHost(host, directory.resolve("log" + host), flags(host, more));
  }

  private String[] flags(int host, String... more) {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "--local-store=" + directory.resolve("store"),
                "--iface=eth0",
                "--subnet-file=" + file(host)));
    flags.addAll(List.of(more));
    return flags.toArray(String[]::new);
  }

  private Path file(int host) {
    return directory.resolve("n" + host + "/subnet.env");
  }

  private String subnet(int host) throws IOException {
    return Files.readString(file(host))
        .lines()
        .filter(line -> line.startsWith("FLANNEL_SUBNET="))
        .findFirst()
        .orElseThrow()
        .substring("FLANNEL_SUBNET=".length());
  }

  private String status(int host) throws IOException {
    return Files.readString(directory.resolve("n" + host + "/status.json"));
  }

  private long peers(int host) throws IOException {
    return Json.parse(status(host)) instanceof Json.Obj document
            && document.member("peers").orElseThrow() instanceof Json.Arr peers
        ? peers.items().stream().filter(peer -> peer.text().contains("\"programmed\":true")).count()
        : 0;
  }

  /** The lease's file in the store. */
  private String lease(String subnet) throws IOException {
    String name = subnet.replaceAll("\\.1/24$", ".0-24");
    return Files.readString(directory.resolve("store/subnets/" + name));
  }
}
