// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.netfilter.NftablesSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** P24 to P28: a real daemon keeps its rules, whatever others do to them. */
class FirewallTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);

  /** What an idle machine does in a second, and the test's own processes. */
  private static final Duration REPAIR = Duration.ofMillis(1_500);

  /** Where rules are kept, and how. */
  enum Way {
    NFT("nft", false),
    LEGACY("legacy", false),
    NFTABLES("nft", true);

    private final String variant;
    private final boolean nftables;

    Way(String variant, boolean nftables) {
      this.variant = variant;
      this.nftables = nftables;
    }

    String config() {
      return """
      {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
      "EnableNFTables":%s,"Backend":{"Type":"vxlan"}}\
      """
          .formatted(nftables);
    }

    /** Our rules of both families, in order, with the jumps to them. */
    String rules() throws Exception {
      return nftables
          ? sh("for t in 'ip flannel-ipv4' 'ip6 flannel-ipv6'; do nft list table $t || true; done")
          : sh("iptables-%1$s-save; ip6tables-%1$s-save".formatted(variant))
              .lines()
              .filter(line -> line.contains("flanneld ") || line.startsWith(":FLANNEL"))
              .reduce("", (all, line) -> all + line + "\n");
    }
  }

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

  private static String sh(String script) throws Exception {
    return Shell.run(Site.node(1), script);
  }

  private DaemonProcess start(Way way, String... more) throws Exception {
    site.etcd().put("/g/config", way.config());
    List<String> flags = new ArrayList<>(List.of(more));
    flags.add("--iptables-mode=" + way.variant);
    flags.add("--iptables-resync=1");
    if (flags.stream().noneMatch(flag -> flag.startsWith("--ip-masq"))) {
      flags.add("--ip-masq");
    }
    return site.flanneld(1, flags.toArray(String[]::new));
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void whatOthersDoIsUndone(Way way) throws Exception {
    try (DaemonProcess daemon = start(way)) {
      daemon.awaitReady();
      String wanted = way.rules();
      assertThat(wanted).contains("10.244.0.0/16", "fd00:10:244::/48");
      for (String disturbance : disturbances(way)) {
        Thread.sleep(1_100); // each after quiet
        sh(disturbance);
        await(disturbance).atMost(REPAIR).until(() -> way.rules().equals(wanted));
      }
      assertThat(sh(way.nftables ? "nft list ruleset" : "iptables-%s-save".formatted(way.variant)))
          .contains("192.0.2.77"); // a rule of others, made by the reload, is still there
    }
  }

  private static List<String> disturbances(Way way) {
    String reload =
        """
        nft flush ruleset
        nft 'add table inet firewalld; add chain inet firewalld pre { type filter hook prerouting priority -10; }'
        nft 'add rule inet firewalld pre ip saddr 192.0.2.77 drop'
        """;
    if (way.nftables) {
      return List.of(
          "nft flush ruleset",
          "nft delete table ip6 flannel-ipv6",
          "nft flush chain ip flannel-ipv4 postrtg",
          "nft insert rule ip flannel-ipv4 postrtg ip saddr 192.0.2.1 accept",
          "nft add rule ip6 flannel-ipv6 forward ip6 saddr fd00:10:244::/48 accept",
          "nft 'chain ip flannel-ipv4 forward { policy drop ; }'",
          reload);
    }
    String legacyReload =
        """
        for t in iptables ip6tables; do for b in nat filter; do $t-%1$s -t $b -F; $t-%1$s -t $b -X; done; done
        iptables-%1$s -A FORWARD -s 192.0.2.77 -j DROP
        """;
    return List.of(
            "iptables-%1$s -t nat -F; iptables-%1$s -F; ip6tables-%1$s -F; ip6tables-%1$s -t nat -F",
            "iptables-%1$s -t nat -F FLANNEL-POSTRTG",
            "iptables-%1$s -F FORWARD",
            "iptables-%1$s -t nat -I FLANNEL-POSTRTG 3 -s 192.0.2.0/24 -j ACCEPT",
            "ip6tables-%1$s -I FORWARD -m comment --comment 'flanneld forward' -j FLANNEL-FWD",
            "iptables-%1$s -t nat -D FLANNEL-POSTRTG 1; iptables-%1$s -t nat -A FLANNEL-POSTRTG"
                + " -m mark --mark 0x4000/0x4000 -m comment --comment 'flanneld masq' -j RETURN",
            legacyReload)
        .stream()
        .map(script -> script.formatted(way.variant))
        .toList();
  }

  @ParameterizedTest // P26
  @EnumSource(Way.class)
  void nothingIsWrittenWhileAllIsWellOrAfterARestart(Way way) throws Exception {
    try (DaemonProcess daemon = start(way)) {
      daemon.awaitReady();
    }
    try (NetworkNamespace node = NetworkNamespace.named(Site.node(1))) {
      int before = node.run(FirewallTest::generation);
      try (DaemonProcess daemon = start(way)) {
        daemon.awaitReady();
        Thread.sleep(3_500);
        assertThat(node.run(FirewallTest::generation)).isEqualTo(before);
        assertThat(daemon.log()).doesNotContain("Wrote IPv").doesNotContain("Put IPv");
      }
    }
  }

  private static int generation() {
    try (NftablesSocket socket = NftablesSocket.open()) {
      return socket.generation();
    }
  }

  @Test
  void whoeverKeepsRemovingOursMeetsABoundAndIsNamed() throws Exception {
    try (DaemonProcess daemon = start(Way.NFT)) {
      daemon.awaitReady();
      long end = System.nanoTime() + Duration.ofSeconds(9).toNanos();
      int removals = 0;
      while (System.nanoTime() < end) {
        sh("iptables-nft -t nat -F FLANNEL-POSTRTG; iptables-nft -F FLANNEL-FWD");
        removals++;
      }
      String status = site.status("n1");

      assertThat(removals).isGreaterThan(30);
      assertThat(daemon.log().lines().filter(l -> l.contains("Wrote IPv4")).count()).isOne();
      assertThat(status).contains("our rules are undone by iptables-nft (pid ");
      String repairs = status.replaceAll("(?s).*\"traffic\":.*?\"repairs\":(\\d+).*", "$1");
      assertThat(Integer.parseInt(repairs)).isBetween(5, 12); // one a second
      await().atMost(REPAIR).until(() -> Way.NFT.rules().contains("-d 10.244.0.0/16"));
    }
  }

  @Test // ODD-47, B13, B14, G5
  void nothingIsLeftOfAnotherEngineOrAFeatureSwitchedOff() throws Exception {
    List<Way> order =
        List.of(Way.NFT, Way.NFTABLES, Way.LEGACY, Way.NFT, Way.LEGACY, Way.NFTABLES, Way.NFT);
    for (Way way : order) {
      try (DaemonProcess daemon = start(way)) {
        daemon.awaitReady();
        await()
            .atMost(LIMIT)
            .untilAsserted(() -> {
              for (Way other : Way.values()) {
                assertThat(ours(other)).as("%s after %s", other, way).isEqualTo(other == way);
              }
            });
      }
    }
    try (DaemonProcess daemon =
        start(Way.NFT, "--ip-masq=false", "--iptables-forward-rules=false")) {
      daemon.awaitReady();
      for (Way way : Way.values()) {
        assertThat(ours(way)).as("%s, switched off", way).isFalse();
      }
    }
  }

  /** Whether anything of ours is there, of either family. */
  private static boolean ours(Way way) throws Exception {
    return way.nftables
        ? sh("nft list tables").contains("flannel-ip")
        : way.rules().contains("FLANNEL");
  }

  @Test // P28; the first line of help for an operator is in /readyz and the status
  void missingProgramsAreNamedAndFoundWhenTheyCome() throws Exception {
    List<String> hidden =
        List.of(
            "unshare",
            "-m",
            "sh",
            "-ec",
            "for f in xtables-nft-multi xtables-legacy-multi nft; do mount --bind /dev/null"
                + " /usr/sbin/$f; done; exec \"$@\"",
            "sh");
    for (Way way : List.of(Way.NFT, Way.NFTABLES)) {
      site.etcd().put("/g/config", way.config());
      String name = "missing" + way;
      try (DaemonProcess daemon = site.by(hidden, 1, name, "--ip-masq")) {
        daemon.awaitLog(way.nftables ? "no nft found" : "no iptables (with -save and -restore)");
        await().atMost(LIMIT).until(() -> site.status(name).contains("install the package"));
        assertThat(site.status(name)).contains("\"ready\":false", "traffic: IPv4 masquerade");
        assertThat(site.subnetFile(name)).doesNotExist(); // LIF-1
        Shell.run(
            Site.node(1),
            "for f in xtables-nft-multi xtables-legacy-multi nft; do nsenter -t %d -m umount /usr/sbin/$f; done"
                .formatted(daemon.pid()));
        daemon.awaitReady();
      }
    }
  }

  @Test // upstream's default is forward rules without masquerade
  void withoutIptablesANodeThatMasqueradesNothingGetsReady() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    List<String> hidden =
        List.of(
            "unshare",
            "-m",
            "sh",
            "-ec",
            "for f in xtables-nft-multi xtables-legacy-multi; do mount --bind /dev/null"
                + " /usr/sbin/$f; done; exec \"$@\"",
            "sh");
    try (DaemonProcess daemon = site.by(hidden, 1, "n1")) {
      daemon.awaitReady();
      assertThat(daemon.log())
          .contains("IPv4 forward rules: no iptables")
          .doesNotContain("masquerade rules");
    }
  }

  @Test
  void anIptablesThatKnowsNoRandomPortsIsUsedWithoutThem() throws Exception {
    Path bin = Files.createDirectory(directory.resolve("bin"));
    for (String name : List.of("iptables", "ip6tables")) {
      for (String suffix : List.of("", "-save", "-restore")) {
        Path file = bin.resolve(name + suffix);
        Files.writeString(
            file,
            """
            #!/bin/sh
            case %1$s in *-restore)
              t=$(cat)
              case "$t" in *random-fully*) echo 'unknown option "--random-fully"'; exit 2;; esac
              printf '%%s\\n' "$t" | /usr/sbin/%2$s-nft%3$s "$@";;
            *) exec /usr/sbin/%2$s-nft%3$s "$@";;
            esac
            """
                .formatted(name + suffix, name, suffix));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
    site.etcd().put("/g/config", Way.NFT.config());
    List<String> path = List.of("env", "PATH=" + bin + ":" + System.getenv("PATH"));
    try (DaemonProcess daemon = site.by(path, 1, "n1", "--ip-masq")) {
      daemon.awaitReady();
      assertThat(daemon.log()).contains("refuses --random-fully", "unknown option");
      assertThat(Way.NFT.rules()).contains("-j MASQUERADE\n").doesNotContain("random-fully");
    }
  }

  @Test
  void aLockThatIsHeldIsToldAndWaitedFor() throws Exception {
    Path lock = Files.createFile(directory.resolve("lock"));
    site.etcd().put("/g/config", Way.LEGACY.config());
    List<String> privately =
        List.of(
            "unshare",
            "-m",
            "sh",
            "-ec",
            "touch /run/xtables.lock; mount --bind " + lock + " /run/xtables.lock; exec \"$@\"",
            "sh");
    try (Site.Running holder = site.program(1, "holder", "flock -x " + lock + " sleep 60");
        DaemonProcess daemon = site.by(privately, 1, "n1", "--ip-masq", "--iptables-mode=legacy")) {
      daemon.awaitLog("another program has held the xtables lock (/run/xtables.lock) for 5 s");
      await()
          .atMost(LIMIT)
          .until(() -> site.status("n1").contains("traffic: IPv4 masquerade rules: another"));
      assertThat(site.subnetFile("n1")).doesNotExist();
      holder.process().descendants().forEach(ProcessHandle::destroyForcibly); // flock follows
      daemon.awaitReady();
      assertThat(daemon.log()).doesNotContain("refuses");
    }
  }

  @Test // LIF-6, P30
  void withoutBridgeNetfilterItSaysWhyAndCanBeToldToGoOn() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    List<String> without =
        List.of(
            "ip",
            "netns",
            "exec",
            Site.node(1),
            "unshare",
            "-m",
            "sh",
            "-ec",
            "mount -t tmpfs none /proc/sys/net/bridge; exec \"$@\"",
            "sh");
    try (DaemonProcess daemon = site.by(without, 1, "n1")) {
      assertThat(daemon.awaitExit()).isEqualTo(1);
      assertThat(daemon.log())
          .contains("bridge-nf-call-iptables does not exist", "modprobe br_netfilter");
    }
    try (DaemonProcess daemon = site.by(without, 1, "n1", "--bridge-netfilter=warn")) {
      daemon.awaitReady();
      assertThat(daemon.log()).contains("bridge-nf-call-ip6tables does not exist");
    }
    site.etcd().put("/g/config", Way.NFTABLES.config());
    try (DaemonProcess daemon = site.by(without, 1, "n1")) {
      daemon.awaitReady();
    }
  }

  @ParameterizedTest // E7: two networks on one host
  @ValueSource(strings = {"", "blue"})
  void twoDaemonsOnOneHostDoNotFight(String instance) throws Exception {
    String config = "{\"Network\":\"10.%d.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":%d}}";
    site.etcd().put("/a/config", config.formatted(11, 11));
    site.etcd().put("/b/config", config.formatted(12, 12));
    try (DaemonProcess one = site.named(1, "a", "--etcd-prefix=/a", "--ip-masq")) {
      one.awaitReady();
      try (DaemonProcess two =
          site.named(1, "b", "--etcd-prefix=/b", "--ip-masq", "--instance=" + instance)) {
        two.awaitReady();
        Thread.sleep(1_500);
        try (NetworkNamespace node = NetworkNamespace.named(Site.node(1))) {
          int before = node.run(FirewallTest::generation);
          Thread.sleep(3_000);
          assertThat(node.run(FirewallTest::generation)).isEqualTo(before);
        }
        assertThat(Way.NFT.rules())
            .contains("-s 10.11.0.0/16 ! -d 224.0.0.0/4", "-s 10.12.0.0/16 ! -d 224.0.0.0/4");
        assertThat(site.status("b").contains("rules of another flannel network are kept"))
            .isEqualTo(instance.isEmpty());
      }
    }
  }

  @Test // iptables-nft-save then shows no rule at all, with status 0
  void aTableThatIptablesCannotShowIsLeftAlone() throws Exception {
    sh(
        """
        iptables-nft -t nat -A POSTROUTING -s 192.0.2.9 -j ACCEPT
        nft 'add rule ip nat POSTROUTING ip saddr { 192.0.2.1, 192.0.2.2 } masquerade'
        """);
    String before = sh("nft list table ip nat");
    site.etcd().put("/g/config", Way.NFT.config());
    try (DaemonProcess daemon = site.flanneld(1, "--ip-masq", "--iptables-resync=1")) {
      daemon.awaitLog("IPv4 masquerade rules: table nat holds rules that only nft can show");
      Thread.sleep(3_000);
      assertThat(sh("nft list table ip nat")).isEqualTo(before);
      sh(
          "nft delete rule ip nat POSTROUTING handle $(nft -a list chain ip nat POSTROUTING"
              + " | sed -n 's/.*{ 192.0.2.1.*handle //p')");
      daemon.awaitReady();
    }
  }
}
