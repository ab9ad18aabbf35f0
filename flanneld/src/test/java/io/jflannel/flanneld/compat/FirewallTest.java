// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.netfilter.NftablesSocket;
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
import org.junit.jupiter.params.provider.ValueSource;

/** P24 to P28: a real daemon keeps its rules, whatever others do to them. */
class FirewallTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);

  /** Where changes are heard. */
  private static final Duration REPAIR = Duration.ofSeconds(1);

  /** The legacy variant: within a period, and what it takes to look. */
  private static final Duration PERIOD = Duration.ofMillis(1_500);

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
        Thread.sleep(2_100); // each after quiet
        sh(disturbance);
        await(disturbance)
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(20))
            .atMost(way == Way.LEGACY ? PERIOD : REPAIR)
            .until(() -> way.rules().equals(wanted));
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
      long start = System.nanoTime();
      int removals = 0;
      while (!site.status("n1").contains("our rules are undone by iptables-nft (pid ")) {
        sh("iptables-nft -t nat -F FLANNEL-POSTRTG; iptables-nft -F FLANNEL-FWD");
        removals++;
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
      }
      String repairs =
          site.status("n1").replaceAll("(?s).*\"traffic\":.*?\"repairs\":(\\d+).*", "$1");

      assertThat(removals).isGreaterThan(20);
      assertThat(daemon.log().lines().filter(l -> l.contains("Wrote IPv4")).count()).isOne();
      long looks = Duration.ofNanos(System.nanoTime() - start).toMillis() / 800; // Pace.EACH
      assertThat((long) Integer.parseInt(repairs)).isBetween(5L, looks + 3);
      await().atMost(LIMIT).until(() -> Way.NFT.rules().contains("-d 10.244.0.0/16"));
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
                assertThat(other.holdsAny()).as("%s after %s", other, way).isEqualTo(other == way);
              }
            });
      }
    }
    try (DaemonProcess daemon =
        start(Way.NFT, "--ip-masq=false", "--iptables-forward-rules=false")) {
      daemon.awaitReady();
      for (Way way : Way.values()) {
        assertThat(way.holdsAny()).as("%s, switched off", way).isFalse();
      }
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
}
