// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** P28, P30: a real daemon among programs that are missing, broken, slow or old. */
class FirewallProgramsTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);

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

  /** A command's beginning that hides programs of /usr/sbin from it. */
  private static List<String> without(String programs) {
    return privately(
        "for f in %s; do mount --bind /dev/null /usr/sbin/$f; done".formatted(programs));
  }

  /** A command's beginning that gives it mounts of its own, which a script prepares. */
  private static List<String> privately(String script) {
    return List.of("unshare", "-m", "sh", "-ec", script + "; exec \"$@\"", "sh");
  }

  @Test // P28; the first line of help for an operator is in /readyz and the status
  void missingProgramsAreNamedAndFoundWhenTheyCome() throws Exception {
    List<String> hidden = without("xtables-nft-multi xtables-legacy-multi nft");
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
    List<String> hidden = without("xtables-nft-multi xtables-legacy-multi");
    try (DaemonProcess daemon = site.by(hidden, 1, "n1")) {
      daemon.awaitReady();
      assertThat(daemon.log())
          .contains("IPv4 forward rules: no iptables")
          .doesNotContain("masquerade rules");
    }
  }

  @Test
  void anIptablesThatKnowsNoRandomPortsIsUsedWithoutThem() throws Exception {
    for (String name : List.of("iptables", "ip6tables")) {
      for (String suffix : List.of("", "-save")) {
        pretending(name + suffix, "exec /usr/sbin/%s-nft%s \"$@\"".formatted(name, suffix));
      }
      pretending(
          name + "-restore",
          """
          t=$(cat)
          case "$t" in *random-fully*) echo 'unknown option "--random-fully"'; exit 2;; esac
          printf '%%s\n' "$t" | /usr/sbin/%s-nft-restore "$@"
          """
              .formatted(name));
    }
    site.etcd().put("/g/config", Way.NFT.config());
    List<String> path = with(directory.resolve("bin"));
    try (DaemonProcess daemon = site.by(path, 1, "n1", "--ip-masq")) {
      daemon.awaitReady();
      assertThat(daemon.log()).contains("refuses --random-fully", "unknown option");
      assertThat(Way.NFT.rules()).contains("-j MASQUERADE\n").doesNotContain("random-fully");
      for (String name : List.of("iptables", "ip6tables")) { // an update
        pretending(name + "-restore", "exec /usr/sbin/%s-nft-restore \"$@\"".formatted(name));
      }
      sh("iptables -t nat -F FLANNEL-POSTRTG; ip6tables -t nat -F FLANNEL-POSTRTG");
      await()
          .atMost(LIMIT)
          .until(() ->
              Way.NFT.rules().lines().filter(line -> line.endsWith("--random-fully")).count() == 4);
    }
  }

  @Test
  void aLockThatIsHeldIsToldAndWaitedFor() throws Exception {
    Path lock = Files.createFile(directory.resolve("lock"));
    site.etcd().put("/g/config", Way.LEGACY.config());
    List<String> privately =
        privately("touch /run/xtables.lock; mount --bind " + lock + " /run/xtables.lock");
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

  /** Puts a script before the programs of a name, in a folder for PATH. */
  private Path pretending(String name, String script) throws Exception {
    Path bin = Files.createDirectories(directory.resolve("bin"));
    Path file = Files.writeString(bin.resolve(name), "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return bin;
  }

  private static List<String> with(Path bin) {
    return List.of("env", "PATH=" + bin + ":" + System.getenv("PATH"));
  }

  @ParameterizedTest // R8, M4
  @ValueSource(strings = {"echo 'Segmentation fault'; exit 139", "sleep 60"})
  void anIptablesThatDoesNotTellItsVersionIsPassedOver(String script) throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    for (String suffix : List.of("", "-save", "-restore")) {
      pretending("iptables" + suffix, script);
    }
    try (DaemonProcess daemon = site.by(with(directory.resolve("bin")), 1, "n1", "--ip-masq")) {
      await() // it is asked more than once
          .atMost(Duration.ofSeconds(30))
          .until(() -> daemon.log().contains("flannel is ready"));
      assertThat(Way.NFT.rules()).contains("-j MASQUERADE");
    }
  }

  @Test // the other variant was chosen, for as long as the daemon ran
  void anIptablesThatIsSlowOnceIsAskedAgain() throws Exception {
    site.etcd().put("/g/config", Way.LEGACY.config());
    Path asked = directory.resolve("asked");
    mixture("legacy", "legacy", "legacy");
    pretending(
        "iptables",
        "[ -e %1$s ] || { touch %1$s; sleep 60; }; exec /usr/sbin/iptables-legacy \"$@\""
            .formatted(asked));
    try (DaemonProcess daemon = site.by(with(directory.resolve("bin")), 1, "n1", "--ip-masq")) {
      daemon.awaitReady();
      assertThat(Way.LEGACY.rules()).contains("-j MASQUERADE");
      assertThat(Way.NFT.holdsAny()).isFalse();
    }
  }

  @Test // M2: what was added because nothing was shown piled up
  void aSaveThatShowsNothingAddsNothing() throws Exception {
    site.etcd().put("/g/config", Way.LEGACY.config());
    pretending("iptables", "exec /usr/sbin/iptables-legacy \"$@\"");
    pretending("iptables-restore", "exec /usr/sbin/iptables-legacy-restore \"$@\"");
    Path bin = pretending("iptables-save", "exit 0");
    try (DaemonProcess daemon =
        site.by(with(bin), 1, "n1", "--ip-masq", "--iptables-mode=legacy", "--iptables-resync=1")) {
      daemon.awaitLog("IPv4 masquerade rules: ");
      await().atMost(LIMIT).until(() -> site.status("n1").contains("shows no such table"));
      assertThat(sh("iptables-legacy-save -t nat")).doesNotContain("FLANNEL");
      pretending("iptables-save", "exec /usr/sbin/iptables-legacy-save \"$@\"");
      daemon.awaitReady();
    }
  }

  @Test // L1
  void aReadOnlyRunIsNotTakenForAHeldLock() throws Exception {
    site.etcd().put("/g/config", Way.LEGACY.config());
    List<String> readOnly =
        privately(
            """
            mkdir %1$s/netns; mount --rbind /run/netns %1$s/netns
            mount -t tmpfs none /run; mkdir /run/netns; mount --rbind %1$s/netns /run/netns
            mount -o remount,ro /run\
            """
                .formatted(directory));
    try (DaemonProcess daemon = site.by(readOnly, 1, "n1", "--ip-masq", "--iptables-mode=legacy")) {
      daemon.awaitLog("xtables.lock: Read-only file system");
      assertThat(daemon.log()).doesNotContain("another program has held");
    }
  }

  @Test // R3: the other network's rules went too
  void withoutIptablesOnlyWhatIsSurelyOursGoes() throws Exception {
    String config =
        "{\"Network\":\"10.%d.0.0/16\",\"EnableNFTables\":%s,\"Backend\":{\"Type\":\"vxlan\",\"VNI\":%1$d}}";
    site.etcd().put("/a/config", config.formatted(11, false));
    site.etcd().put("/b/config", config.formatted(12, false));
    for (String name : List.of("a", "b")) {
      try (DaemonProcess daemon = site.named(1, name, "--etcd-prefix=/" + name, "--ip-masq")) {
        daemon.awaitReady();
      }
    }
    String both = Way.NFT.rules();
    assertThat(both).contains("10.11.0.0/16", "10.12.0.0/16");
    site.etcd().put("/b/config", config.formatted(12, true));
    List<String> hidden = without("xtables-nft-multi xtables-legacy-multi");
    try (DaemonProcess daemon = site.by(hidden, 1, "b", "--etcd-prefix=/b", "--ip-masq")) {
      daemon.awaitReady();
      await()
          .atMost(LIMIT)
          .until(() -> site.status("b").contains("chain FLANNEL-FWD also holds rules of others"));
      assertThat(Way.NFT.rules()).isEqualTo(both);
    }
    try (DaemonProcess daemon =
        site.named(1, "a", "--etcd-prefix=/a", "--iptables-forward-rules=false")) {
      daemon.awaitReady(); // leaves
    }
    assertThat(Way.NFT.rules()).doesNotContain("10.11.").contains("10.12.");
    sh("iptables-nft -N MINE; iptables-nft -A MINE -j FLANNEL-FWD"); // R4: EBUSY ended the daemon
    try (DaemonProcess daemon = site.by(hidden, 1, "b", "--etcd-prefix=/b", "--ip-masq")) {
      daemon.awaitReady();
      await().atMost(LIMIT).until(() -> !Way.NFT.rules().contains("10.12."));
      assertThat(sh("iptables-nft -S")).contains("-N FLANNEL-FWD", "-A MINE -j FLANNEL-FWD");
    }
  }

  @Test // they stayed, and nobody was told
  void legacyRulesThatNoProgramCanRemoveAreTold() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    try (DaemonProcess daemon = site.named(1, "a", "--ip-masq", "--iptables-mode=legacy")) {
      daemon.awaitReady();
    }
    List<String> hidden = without("xtables-legacy-multi");
    try (DaemonProcess daemon = site.by(hidden, 1, "b", "--ip-masq", "--iptables-mode=nft")) {
      daemon.awaitReady();
      await()
          .atMost(LIMIT)
          .until(() ->
              site.status("b")
                  .contains("chain FLANNEL-POSTRTG of the legacy table nat is still there; no"));
      sh(
          """
          for t in iptables-legacy ip6tables-legacy; do
            $t -t nat -F; $t -t nat -X; $t -F; $t -X
          done
          """);
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> site.status("b").contains("\"problems\":[]"));
    }
  }

  /** An iptables whose three programs need not be of one variant. */
  private Path mixture(String main, String save, String restore) throws Exception {
    for (String name : List.of("iptables", "ip6tables")) {
      pretending(name, "exec /usr/sbin/%s-%s \"$@\"".formatted(name, main));
      pretending(name + "-save", "exec /usr/sbin/%s-%s-save \"$@\"".formatted(name, save));
      pretending(name + "-restore", "exec /usr/sbin/%s-%s-restore \"$@\"".formatted(name, restore));
    }
    return directory.resolve("bin");
  }

  @Test // what was written by one was swept as the other's
  void programsOfDifferentVariantsAreNotUsedTogether() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    Path bin = mixture("nft", "legacy", "legacy");
    try (DaemonProcess daemon = site.by(with(bin), 1, "n1", "--ip-masq")) {
      daemon.awaitReady(); // iptables-nft is there too
      assertThat(daemon.log()).contains("/usr/sbin/iptables-nft");
      assertThat(Way.NFT.rules()).contains("-j MASQUERADE");
      assertThat(Way.LEGACY.holdsAny()).isFalse();
    }
  }

  @Test
  void alternativesThatAreSwitchedAreNoticed() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    Path bin = mixture("nft", "nft", "nft");
    try (DaemonProcess daemon =
        site.by(with(bin), 1, "n1", "--ip-masq", "--iptables-mode=nft", "--iptables-resync=1")) {
      daemon.awaitReady();
      mixture("legacy", "legacy", "legacy");
      sh("iptables-nft -t nat -F FLANNEL-POSTRTG");
      await().atMost(LIMIT).until(() -> Way.NFT.rules().contains("-j MASQUERADE"));
      assertThat(Way.LEGACY.holdsAny()).isFalse();
    }
  }

  @ParameterizedTest // one jump more for each retry
  @ValueSource(strings = {"nft", "legacy"})
  void whatIsWrittenAndNotShownDoesNotPileUp(String variant) throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    mixture(variant, variant, variant);
    Path bin =
        pretending(
            "iptables-save",
            "/usr/sbin/iptables-%s-save \"$@\" | grep -v -e '^-A POSTROUTING' -e '^-A FORWARD'"
                .formatted(variant));
    try (DaemonProcess daemon =
        site.by(
            with(bin), 1, "n1", "--ip-masq", "--iptables-mode=" + variant, "--iptables-resync=1")) {
      daemon.awaitLog("they were gone or changed when they were read back");
      Thread.sleep(8_000); // retries after 1, 2 and 4 s
      assertThat(sh("iptables-%s -t nat -S POSTROUTING".formatted(variant)).lines())
          .filteredOn(line -> line.startsWith("-A"))
          .hasSizeLessThanOrEqualTo(2);
      assertThat(site.status("n1")).contains("\"ready\":false");
    }
  }

  @Test // the kernel knows better
  void aSaveThatShowsWhatWasIsNotBelieved() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    mixture("nft", "nft", "nft");
    Path shown = directory.resolve("shown");
    Path bin =
        pretending(
            "iptables-save",
            """
            case "$1" in --version) exec /usr/sbin/iptables-nft-save "$@";; esac
            [ -e %1$s ] || { /usr/sbin/iptables-nft-save "$@"; exit; }
            cat %1$s.$2
            """
                .formatted(shown));
    try (DaemonProcess daemon = site.by(with(bin), 1, "n1", "--ip-masq", "--iptables-resync=1")) {
      daemon.awaitReady();
      sh(
          "iptables-nft-save -t nat >%1$s.nat; iptables-nft-save -t filter >%1$s.filter; touch %1$s; nft flush ruleset"
              .formatted(shown));
      await().atMost(LIMIT).until(() -> site.status("n1").contains("\"ready\":false"));
      Files.delete(shown);
      await().atMost(Duration.ofSeconds(30)).until(() -> Way.NFT.rules().contains("MASQUERADE"));
    }
  }

  @Test // the old report said that all was well
  void aLookThatTakesLongIsTold() throws Exception {
    site.etcd().put("/g/config", Way.NFT.config());
    mixture("nft", "nft", "nft");
    Path slow = directory.resolve("slow");
    Path bin =
        pretending(
            "iptables-save",
            "[ -e %s ] && sleep 6; exec /usr/sbin/iptables-nft-save \"$@\"".formatted(slow));
    try (DaemonProcess daemon = site.by(with(bin), 1, "n1", "--ip-masq", "--iptables-resync=1")) {
      daemon.awaitReady();
      Files.createFile(slow);
      sh("nft flush ruleset");
      await()
          .atMost(Duration.ofSeconds(6))
          .until(() -> site.status("n1").contains("looking at them takes long"));
      Files.delete(slow);
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> site.status("n1").contains("\"ready\":true"));
    }
  }
}
