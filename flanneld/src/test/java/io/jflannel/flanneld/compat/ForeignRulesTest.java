// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A real daemon among rules of others that are unusual, many, or made to mislead it. */
class ForeignRulesTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final Duration REPAIR = Duration.ofMillis(1_500);

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
    return site.flanneld(1, flags.toArray(String[]::new));
  }

  @ParameterizedTest // our own repair must not put the REJECT before the jump
  @EnumSource(
      value = Way.class,
      names = {"NFT", "LEGACY"})
  void theFirstOfTwoJumpsKeepsItsPlace(Way way) throws Exception {
    String iptables = "iptables-" + way.variant;
    try (DaemonProcess daemon = start(way, "--ip-masq")) {
      daemon.awaitReady();
      for (String disturbance :
          List.of(
              "%1$s -A FORWARD -j REJECT; %1$s -A FORWARD -m comment --comment 'flanneld forward'"
                  + " -j FLANNEL-FWD",
              "%1$s -R FORWARD 2 -j FLANNEL-FWD")) {
        sh(
            (iptables + " -I FORWARD -s 192.0.2.0/24 -j ACCEPT; " + disturbance)
                .formatted(iptables));
        await(disturbance)
            .atMost(LIMIT)
            .untilAsserted(() ->
                assertThat(sh(iptables + " -S FORWARD").lines().skip(1))
                    .containsExactly(
                        "-A FORWARD -s 192.0.2.0/24 -j ACCEPT",
                        "-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD",
                        "-A FORWARD -j REJECT --reject-with icmp-port-unreachable"));
        sh(iptables + " -D FORWARD 1");
      }
    }
  }

  @Test // its rules are there and do nothing
  void aSleepingTableIsWokenIfItIsOurs() throws Exception {
    try (DaemonProcess daemon = start(Way.NFTABLES, "--ip-masq")) {
      daemon.awaitReady();
      String wanted = Way.NFTABLES.rules();
      for (String disturbance :
          List.of(
              "nft 'add table ip flannel-ipv4 { flags dormant ; }'",
              "nft add chain ip flannel-ipv4 mine",
              "nft 'add set ip6 flannel-ipv6 s { type mark ; }'")) {
        sh(disturbance);
        await(disturbance).atMost(REPAIR).until(() -> Way.NFTABLES.rules().equals(wanted));
      }
    }
  }

  @Test
  void aSleepingTableIsToldIfItIsShared() throws Exception {
    try (DaemonProcess daemon = start(Way.NFT, "--ip-masq")) {
      daemon.awaitReady();
      sh("nft 'add table ip nat { flags dormant ; }'");
      await()
          .atMost(LIMIT)
          .untilAsserted(() ->
              assertThat(site.status("n1"))
                  .contains("\"ready\":false", "table ip nat is dormant", "nft add table ip nat"));
      sh("nft add table ip nat");
      await().atMost(LIMIT).until(() -> site.status("n1").contains("\"ready\":true"));
    }
  }

  @ParameterizedTest // iptables-save prints it as it is: three lines for one rule
  @EnumSource(
      value = Way.class,
      names = {"NFT", "LEGACY"})
  void aNewlineInACommentMisleadsNobody(Way way) throws Exception {
    sh(
        """
        iptables-%s -t nat -A POSTROUTING -s 192.0.2.1 -m comment --comment "a
        -A FLANNEL-POSTRTG -j ACCEPT
        -A POSTROUTING -j FLANNEL-POSTRTG" -j ACCEPT
        """
            .formatted(way.variant));
    try (DaemonProcess daemon = start(way, "--ip-masq")) {
      daemon.awaitReady();
      sh("iptables-%s -t nat -A POSTROUTING -s 192.0.2.2 -j ACCEPT".formatted(way.variant));
      Thread.sleep(2_500); // two periods
      assertThat(daemon.log()).doesNotContain("Put IPv4").doesNotContain("WARN");
      assertThat(site.status("n1")).contains("\"ready\":true", "\"repairs\":0");
    }
  }

  @Test // an empty rule counts, too; nobody's text is changed by being read
  void strangeRulesDoNotConfuse() throws Exception {
    try (DaemonProcess daemon = start(Way.NFT, "--ip-masq")) {
      daemon.awaitReady();
      sh(
          """
          iptables-restore --noflush <<'END'
          *filter
          -F FORWARD
          -A FORWARD
          -A FORWARD -s 192.0.2.0/24 -j DROP
          -A FORWARD -j FLANNEL-FWD
          COMMIT
          END
          iptables -t nat -A POSTROUTING -m comment --comment "$(printf 'caf\\351')" -j FLANNEL-POSTRTG
          iptables -t nat -A POSTROUTING -m comment --comment "a
          b" -j FLANNEL-POSTRTG
          """);
      await()
          .atMost(LIMIT)
          .untilAsserted(() -> {
            assertThat(sh("iptables -S FORWARD").lines().skip(1))
                .endsWith(
                    "-A FORWARD -s 192.0.2.0/24 -j DROP",
                    "-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD");
            assertThat(site.status("n1")).contains("\"ready\":true");
          });
      sh("iptables -t nat -F FLANNEL-POSTRTG");
      await().atMost(LIMIT).until(() -> Way.NFT.rules().contains("-j MASQUERADE"));
    }
  }

  @Test // 49,000 rules of 2 KB in our chain ended the daemon
  void aChainThatOthersHaveFilledIsRefusedWithoutHoldingIt() throws Exception {
    try (DaemonProcess daemon = start(Way.NFT, "--ip-masq")) {
      daemon.awaitReady();
      sh(
          """
          c=$(printf 'x%%.0s' $(seq 240)); C=; for i in 1 2 3 4 5 6 7 8; do C="$C -m comment --comment $c"; done
          { echo '*nat'; seq 1 20000 | awk -v c="$C" '{ printf "-A FLANNEL-POSTRTG -s 10.%d.%d.%d %s -j RETURN\\n", 100 + $1 / 65536, $1 / 256 % 256, $1 % 256, c }'; echo COMMIT; } | iptables-nft-restore --noflush
          """
              .replace("%%", "%"));
      await().atMost(LIMIT).until(() -> site.status("n1").contains("of them, or one of more than"));
      assertThat(site.status("n1")).contains("\"ready\":false");
      sh("iptables -t nat -F FLANNEL-POSTRTG");
      await().atMost(LIMIT).until(() -> site.status("n1").contains("\"ready\":true"));
    }
  }

  @ParameterizedTest // the chain cannot go, but masquerade was switched off
  @EnumSource(
      value = Way.class,
      names = {"NFT", "LEGACY"})
  void aForeignJumpKeepsOnlyTheChain(Way way) throws Exception {
    String nat = "iptables-%s -t nat ".formatted(way.variant);
    try (DaemonProcess daemon = start(way, "--ip-masq")) {
      daemon.awaitReady();
    }
    sh(nat + "-N MINE; " + nat + "-A MINE -s 192.0.2.1 -j FLANNEL-POSTRTG");
    try (DaemonProcess daemon = start(way)) {
      daemon.awaitReady();
      assertThat(sh(nat + "-S"))
          .contains("-N FLANNEL-POSTRTG\n", "-A MINE -s 192.0.2.1/32 -j FLANNEL-POSTRTG\n")
          .doesNotContain("-A FLANNEL-POSTRTG", "-A POSTROUTING");
      await()
          .atMost(LIMIT)
          .until(() -> site.status("n1").contains("chain FLANNEL-POSTRTG stays, without rules"));
      assertThat(site.status("n1")).contains("\"problems\":[]");
    }
  }

  @Test // H5: a dump of the rules is interrupted by each commit
  void manyForeignRulesAndCommitsOnlyDelayARepair() throws Exception {
    sh(
        """
        { echo '*nat'
          seq 1 20000 | awk '{ printf "-A POSTROUTING -s 10.%d.%d.%d -j ACCEPT\\n", 100 + $1 / 65536, $1 / 256 % 256, $1 % 256 }'
          echo COMMIT
        } | iptables-nft-restore --noflush
        """);
    try (DaemonProcess daemon = start(Way.NFT, "--ip-masq")) {
      daemon.awaitReady();
      Path script =
          Files.writeString(
              directory.resolve("storm.sh"),
              "while :; do nft add table ip storm; sleep 0.1; nft delete table ip storm; done");
      try (Site.Running storm = site.program(1, "storm", "sh " + script)) {
        sh("iptables-nft -t nat -F FLANNEL-POSTRTG");
        await()
            .atMost(LIMIT)
            .until(() -> sh("iptables-nft -t nat -S FLANNEL-POSTRTG").contains("-j MASQUERADE"));
        assertThat(storm.process().isAlive()).isTrue();
      }
      await().atMost(LIMIT).until(() -> site.status("n1").contains("\"ready\":true"));
    }
  }
}
