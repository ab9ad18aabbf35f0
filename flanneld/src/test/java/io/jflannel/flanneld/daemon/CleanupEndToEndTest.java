// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.cli.command.Jflannel;
import io.jflannel.flanneld.lab.Requirements;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** P39: what {@code jflannel cleanup} leaves of real daemons in network namespaces. */
class CleanupEndToEndTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Everything a daemon may change, without what changes by itself: counters, learned ARP. */
  private static final String DUMP =
      """
      ip -d -o link
      ip -o addr
      ip route show table all
      ip -6 route show table all
      ip rule
      ip -6 rule
      ip neigh show nud permanent
      ip -6 neigh show nud permanent
      bridge fdb
      ip nexthop
      nft -s list ruleset
      iptables-legacy-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'
      ip6tables-legacy-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'
      """;

  /** What is not ours, though it looks much like it. */
  private static final String FOREIGN =
      """
      ip link add flannel.7 type vxlan id 7 dev eth0 local 10.77.0.1 dstport 8479 nolearning
      ip addr add 10.99.1.0/32 dev flannel.7
      ip link set flannel.7 addrgenmode none
      ip link set flannel.7 up
      ip route add 10.99.2.0/24 via 10.99.2.0 dev flannel.7 onlink
      ip neigh add 10.99.2.0 lladdr 02:00:00:00:00:99 dev flannel.7 nud permanent
      bridge fdb add 02:00:00:00:00:99 dev flannel.7 dst 10.77.0.2 self permanent
      ip route add 10.42.200.0/24 via 10.77.0.2 proto static
      ip route add 10.42.201.0/24 via 10.77.0.2 metric 77
      ip route add 10.42.202.0/24 via 10.77.0.2 table 77
      ip route add blackhole 10.43.1.0/24
      ip route add 10.0.0.0/8 via 10.77.0.2
      ip nexthop add id 4711 via 10.77.0.2 dev eth0
      ip route add 10.98.0.0/16 nhid 4711
      nft add table ip mine
      nft add chain ip mine c '{ type filter hook forward priority 5; }'
      nft add rule ip mine c ip saddr 10.42.0.0/16 counter accept
      nft add table ip6 flannel-ipv6-other
      """;

  /** In each variant of iptables. */
  private static final String FOREIGN_RULES =
      """
      IPTABLES -t nat -N FLANNEL-POSTRTG-other
      IPTABLES -t nat -A FLANNEL-POSTRTG-other -s 10.99.0.0/16 -j RETURN
      IPTABLES -t nat -A POSTROUTING -m comment --comment 'flanneld masq other' -j FLANNEL-POSTRTG-other
      IPTABLES -t nat -A POSTROUTING -s 10.42.0.0/16 -d 192.0.2.1 -j ACCEPT
      IPTABLES -A FORWARD -s 10.42.0.0/16 -d 192.0.2.1 -j DROP
      """;

  @TempDir Path directory;
  private TestHosts hosts;

  @BeforeEach
  void prepare() throws Exception {
    Requirements.commands("ip", "bridge", "nft", "iptables-nft", "iptables-legacy");
    hosts = new TestHosts(2);
    Files.createDirectories(directory.resolve("store"));
    for (int host = 1; host <= 2; host++) {
      TestHosts.onHost(host, "addr add fd77::" + host + "/64 dev eth0 nodad");
      // made by the first look at them, and there for ever
      sh(host, "iptables-legacy -t nat -L; iptables-legacy -L; ip6tables-legacy -t nat -L");
      sh(host, "ip6tables-legacy -L");
    }
  }

  @AfterEach
  void clean() {
    hosts.close();
  }

  @ParameterizedTest
  @CsvSource({
    "vxlan,   false, nft",
    "vxlan,   false, legacy",
    "vxlan,   true,  auto",
    "host-gw, false, nft",
    "host-gw, true,  auto",
  })
  void allIsAsBefore(String backend, boolean nftables, String mode) throws Exception {
    configure(backend, nftables);
    List<String> before = dump(1);
    run(backend, "--ip-masq", "--ip-blackhole-route", "--iptables-mode=" + mode);
    sh(
        1,
        "ip nexthop add id 9 via 10.77.0.2 dev eth0 protocol 102; ip route add 10.42.77.64/26 nhid 9");
    List<String> running = dump(1);
    assertThat(running).isNotEqualTo(before).anyMatch(line -> line.contains("10.42.0.0/16"));
    leaveTemporaryFiles();

    Result told = cleanup("--dry-run");
    unchangedSince(running, dump(1));
    assertThat(files()).hasSize(5);
    Result done = cleanup();

    unchangedSince(before, dump(1));
    assertThat(files()).isEmpty();
    assertThat(done.status()).as(done.text()).isZero();
    assertThat(told.status()).as(told.text()).isZero();
    assertThat(done.removals()).isEqualTo(told.removals()).hasSizeGreaterThan(9);
    Result again = cleanup("--network=10.42.0.0/16", "--network=fd42::/48");
    assertThat(again.status()).isZero();
    assertThat(again.text()).isEqualTo("nothing to remove\n");
  }

  @ParameterizedTest
  @CsvSource({
    "vxlan,   false, nft",
    "vxlan,   true,  legacy",
    "host-gw, false, legacy",
  })
  void whatOthersMadeStays(String backend, boolean nftables, String mode) throws Exception {
    configure(backend, nftables);
    sh(1, FOREIGN);
    for (String iptables :
        List.of("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy")) {
      String text = FOREIGN_RULES.replace("IPTABLES", iptables);
      sh(
          1,
          iptables.startsWith("ip6")
              ? text.replace("10.42.0.0/16", "fd42::/48")
                  .replace("10.99.0.0/16", "fd99::/48")
                  .replace("192.0.2.1", "2001:db8::1")
              : text);
    }
    List<String> before = dump(1);
    run(backend, "--ip-masq", "--iptables-mode=" + mode);
    assertThat(dump(1)).isNotEqualTo(before);

    Result done = cleanup();

    unchangedSince(before, dump(1));
    assertThat(done.status()).as(done.text()).isZero();
    assertThat(done.text()).contains("device flannel.7 (vxlan)");
  }

  @ParameterizedTest
  @CsvSource({"false, nft", "false, legacy", "true, auto"})
  void aRunWithTheFeaturesOffLeavesNoRule(boolean nftables, String mode) throws Exception {
    configure("vxlan", nftables);
    List<String> before = rules();
    run("vxlan", "--ip-masq", "--iptables-mode=" + mode);
    assertThat(rules()).isNotEqualTo(before);

    try (DaemonProcess off =
        start(1, "--iptables-forward-rules=false", "--iptables-mode=" + mode)) {
      off.awaitReady();
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(rules()).isEqualTo(before));
    }
  }

  @Test
  void aRunningDaemonIsLeftInPeace() throws Exception {
    configure("vxlan", false);
    try (DaemonProcess daemon = start(1, "--ip-masq")) {
      daemon.awaitReady();
      await().atMost(PATIENCE).until(() -> sh(1, "nft list ruleset").contains("FLANNEL-FWD"));
      List<String> running = dump(1);

      for (String[] options : new String[][] {{}, {"--dry-run"}}) {
        Result refused = cleanup(options);

        assertThat(refused.status()).isEqualTo(3);
        assertThat(refused.text())
            .contains("is in use by process " + daemon.pid() + ": a daemon runs. Stop it first");
        assertThat(refused.removals()).isEmpty();
      }
      unchangedSince(running, dump(1));
      assertThat(file(1)).exists();
    }
  }

  @Test
  void withoutANetworkOnlyRulesGoAndItIsToldWhatIsMissing() throws Exception {
    configure("vxlan", false);
    List<String> before = dump(1);
    run("vxlan", "--ip-masq");
    Files.delete(file(1));

    Result blind = cleanup();

    assertThat(blind.status()).isEqualTo(1);
    assertThat(blind.text())
        .contains("does not tell the flannel network", "--network CIDR")
        .contains("device flannel.1 (vxlan)", "device flannel-v6.1 (vxlan)");
    assertThat(blind.removals())
        .anyMatch(line -> line.contains("traffic rules"))
        .noneMatch(line -> line.contains("device") || line.contains("route"));
    assertThat(sh(1, "nft list ruleset")).isEmpty();
    assertThat(TestHosts.onHost(1, "link")).contains("flannel.1:");

    Result half = cleanup("--network=10.42.0.0/16");
    assertThat(half.status()).isZero();
    assertThat(half.text()).contains("left alone", "device flannel-v6.1 (vxlan)");
    assertThat(cleanup("--network", "fd42::/48").status()).isZero();
    unchangedSince(before, dump(1));
  }

  @Test
  void rulesOfTheNftVariantGoWithoutIptables() throws Exception {
    configure("vxlan", false);
    run("vxlan", "--ip-masq", "--iptables-mode=nft");
    Files.createDirectories(directory.resolve("empty"));
    List<String> hidden =
        List.of(
            "sh",
            "-c",
            "mount --bind " + directory.resolve("empty") + " /usr/sbin && \"$@\"",
            "sh");

    Result told = cleanup(hidden, "--dry-run");
    assertThat(sh(1, "nft list ruleset")).contains("FLANNEL-POSTRTG", "FLANNEL-FWD");
    Result done = cleanup(hidden);

    assertThat(sh(1, "nft list ruleset")).isEmpty();
    assertThat(done.removals())
        .isEqualTo(told.removals())
        .contains("remove IPv6 traffic rules of iptables (nft): masquerade");
    assertThat(done.status()).isZero(); // the other variant's tables are looked into without one
    assertThat(done.text()).doesNotContain("legacy");
    assertThat(file(1)).doesNotExist();
  }

  @Test
  void aWrongOptionIsToldAndNothingElseIsDone() throws Exception {
    assertThat(cleanup("--network=10.42.0.0").text()).contains("--network: ");
    assertThat(cleanup("--network=0.0.0.0/0").status()).isEqualTo(2);
    assertThat(cleanup("--instance=-x").text()).contains("--instance: ");
  }

  @Test
  void theRenderedCniConfigurationGoes() throws Exception {
    configure("host-gw", true);
    Path template =
        Files.writeString(
            directory.resolve("cni-conf.json"),
            "{\"name\":\"n\",\"plugins\":[{\"type\":\"flannel\"}]}");
    Path output = directory.resolve("net.d/10-flannel.conflist");
    run("host-gw", "--cni-template=" + template, "--cni-output=" + output);
    assertThat(output).exists();

    Result done = cleanup();

    assertThat(done.status()).as(done.text()).isZero();
    assertThat(done.removals()).contains("remove file " + output);
    assertThat(output).doesNotExist();
    assertThat(template).exists();
  }

  @Test
  void filesOfOthersStay() throws Exception {
    Path env = Files.writeString(Files.createDirectories(file(1).getParent()).resolve("x"), "A=b");
    Path other = Files.writeString(directory.resolve("other"), "{}");

    Result done =
        cleanup("--subnet-file=" + env, "--status-file=" + other, "--network=10.42.0.0/16");

    assertThat(done.status()).isEqualTo(1);
    assertThat(done.text()).contains(env + " names no flannel network", "is no status file");
    assertThat(env).hasContent("A=b");
    assertThat(other).hasContent("{}");
  }

  private void configure(String backend, boolean nftables) throws IOException {
    Files.writeString(
        directory.resolve("store/config"),
        """
        {"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd42::/48",
         "EnableNFTables":%s,"Backend":{"Type":"%s"}}
        """
            .formatted(nftables, backend));
  }

  /** Two daemons, until host 1 has a route to the other and its rules; then both are stopped. */
  private void run(String backend, String... flags) throws Exception {
    try (DaemonProcess one = start(1, flags);
        DaemonProcess two = start(2, "--iptables-forward-rules=false")) {
      one.awaitReady();
      two.awaitReady();
      String way = backend.equals("vxlan") ? "dev flannel" : "dev eth0";
      for (String family : List.of("-4", "-6")) {
        await()
            .atMost(PATIENCE)
            .untilAsserted(() ->
                assertThat(sh(1, "ip " + family + " route"))
                    .as("%s", one.log())
                    .containsPattern("(?m)^(10\\.42\\.|fd42:).* via .*" + way));
      }
      for (DaemonProcess daemon : List.of(one, two)) {
        daemon.signal("TERM");
        assertThat(daemon.awaitExit()).isZero();
      }
    }
  }

  private DaemonProcess start(int host, String... more) throws IOException {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "--local-store=" + directory.resolve("store"),
                "--iface=eth0",
                "--bridge-netfilter=warn",
                "--subnet-file=" + file(host)));
    flags.addAll(List.of(more));
    return DaemonProcess.onHost(
        host, directory.resolve("log" + host), flags.toArray(String[]::new));
  }

  private Path file(int host) {
    return directory.resolve("n" + host + "/subnet.env");
  }

  private void leaveTemporaryFiles() throws IOException {
    Files.writeString(file(1).resolveSibling(".subnet.env17"), "FLANNEL_NET");
    Files.writeString(file(1).resolveSibling(".status.json18"), "{");
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(file(1).resolveSibling("."))) {
      return files.map(Path::toString).sorted().toList();
    }
  }

  /** How a run of {@code jflannel cleanup} ended. */
  private record Result(int status, String text) {
    List<String> removals() {
      return text.lines().filter(line -> line.startsWith("remove ")).toList();
    }
  }

  private Result cleanup(String... options) throws Exception {
    return cleanup(List.of(), options);
  }

  private Result cleanup(List<String> wrapped, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("cleanup"));
    if (Stream.of(options).noneMatch(option -> option.startsWith("--subnet-file"))) {
      arguments.add("--subnet-file=" + file(1));
    }
    arguments.addAll(List.of(options));
    List<String> prefix = new ArrayList<>(List.of("ip", "netns", "exec", TestHosts.name(1)));
    prefix.addAll(wrapped);
    try (DaemonProcess process =
        DaemonProcess.start(
            prefix,
            Jflannel.class,
            directory.resolve("cleanup"),
            Map.of(),
            arguments.toArray(String[]::new))) {
      int status = process.awaitExit();
      return new Result(status, process.log());
    }
  }

  private static String sh(int host, String script) throws IOException, InterruptedException {
    return TestHosts.run(
        List.of("ip", "netns", "exec", TestHosts.name(host), "sh", "-e", "-c", script));
  }

  /** Once no address is tentative, as new ones are for a second. */
  private static List<String> dump(int host) {
    return await().atMost(PATIENCE).until(() -> lines(host, DUMP), CleanupEndToEndTest::isSettled);
  }

  private static boolean isSettled(List<String> lines) {
    return lines.stream().noneMatch(line -> line.contains("tentative"));
  }

  private static List<String> lines(int host, String script)
      throws IOException, InterruptedException {
    return sh(host, script)
        .lines()
        .map(String::strip)
        .filter(
            line -> !line.equals("Error: Peer netns reference is invalid.")) // a race of ip's own
        .toList();
  }

  /** Tells the difference only: a dump has a hundred lines. */
  private static void unchangedSince(List<String> before, List<String> now) {
    List<String> gone = new ArrayList<>(before);
    now.forEach(gone::remove);
    List<String> added = new ArrayList<>(now);
    before.forEach(added::remove);
    assertThat(gone).as("gone").isEmpty();
    assertThat(added).as("added").isEmpty();
    assertThat(now).isEqualTo(before);
  }

  private static List<String> rules() throws IOException, InterruptedException {
    return lines(1, DUMP.substring(DUMP.indexOf("nft -s list")));
  }
}
