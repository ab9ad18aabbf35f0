// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * P29: what becomes of real packets, seen by their receiver, with the rules of each engine and with
 * those that upstream leaves: the text of golden G3, with this test's subnets. With iptables the
 * policy of FORWARD is DROP, as Docker sets it, and loses what is not the overlay's. Where nftables
 * is used nothing drops, so that its forward rules change no packet's fate.
 */
class PacketMatrixTest {

  private static final String MASQUERADE =
      """
      *nat
      :FLANNEL-POSTRTG - [0:0]
      -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
      -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s SUBNET -d NETWORK -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s NETWORK -d SUBNET -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG ! -s NETWORK -d SUBNET -m comment --comment "flanneld masq" -j RETURN
      -A FLANNEL-POSTRTG -s NETWORK ! -d MULTICAST -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
      -A FLANNEL-POSTRTG ! -s NETWORK -d NETWORK -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
      COMMIT
      """;

  private static final String FORWARD =
      """
      *filter
      :FLANNEL-FWD - [0:0]
      -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
      -A FLANNEL-FWD -s NETWORK -m comment --comment "flanneld forward" -j ACCEPT
      -A FLANNEL-FWD -d NETWORK -m comment --comment "flanneld forward" -j ACCEPT
      COMMIT
      """;

  private static final String STRANGER = Site.node(1) + "x";
  private static final String NOT_OURS = "past the overlay";

  @TempDir Path directory;
  private Site site;
  private final List<String> pods = new ArrayList<>();
  private int port = 20_000;

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, 2);
    for (int node = 1; node <= 2; node++) {
      forwarding(Site.node(node));
      Shell.run(
          Site.node(node),
          """
          ip link add cni0 type bridge mcast_snooping 0
          ip addr add 10.244.%1$d.1/24 dev cni0
          ip link set cni0 up
          ip addr add fd00:10:244:%1$d::1/64 dev cni0 nodad
          """
              .formatted(node));
    }
    pod(1, 2);
    pod(1, 3);
    pod(2, 2);
    stranger();
    Shell.run(
        Site.underlay(), // into the overlay through node 1, also what is node 2's: transit
        """
        ip route add 10.244.0.0/16 via 10.77.0.1
        ip route add fd00:10:244::/48 via fd77::1
        """);
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
    for (String pod : pods) {
      new ProcessBuilder("ip", "netns", "del", pod).start().onExit().join();
    }
  }

  private static void forwarding(String namespace) throws Exception {
    Shell.run(
        namespace,
        """
        echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
        echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
        echo 0 >/proc/sys/net/ipv4/conf/eth0/rp_filter
        """);
  }

  /** A host behind node 1 that has nothing to do with the overlay. */
  private void stranger() throws Exception {
    pods.add(STRANGER);
    Shell.run(
        Site.node(1),
        """
        ip netns add %1$s
        ip link add eth0 netns %1$s type veth peer name x
        ip link set x up
        ip addr add 198.51.100.1/24 dev x
        ip addr add 2001:db8::1/64 dev x nodad
        ip -n %1$s link set eth0 up
        ip -n %1$s addr add 198.51.100.2/24 dev eth0
        ip -n %1$s addr add 2001:db8::2/64 dev eth0 nodad
        ip -n %1$s route add default via 198.51.100.1
        ip -n %1$s route add default via 2001:db8::1
        """
            .formatted(STRANGER));
    Shell.run(
        Site.underlay(),
        """
        ip route add 198.51.100.0/24 via 10.77.0.1
        ip route add 2001:db8::/64 via fd77::1
        """);
  }

  private static String podName(int node, int number) {
    return Site.node(node) + "p" + number;
  }

  private void pod(int node, int number) throws Exception {
    String pod = podName(node, number);
    pods.add(pod);
    Shell.run(
        Site.node(node),
        """
        ip netns add %1$s
        ip link add eth0 netns %1$s type veth peer name p%3$d
        ip link set p%3$d master cni0 up
        ip -n %1$s link set lo up
        ip -n %1$s link set eth0 up
        ip -n %1$s addr add 10.244.%2$d.%3$d/24 dev eth0
        ip -n %1$s addr add fd00:10:244:%2$d::%3$d/64 dev eth0 nodad
        ip -n %1$s route add default via 10.244.%2$d.1
        ip -n %1$s route add default via fd00:10:244:%2$d::1
        """
            .formatted(pod, node, number));
  }

  /** No rule at all, but the mark that kube-proxy would set on what goes to port 7777. */
  private static void reset(int node) throws Exception {
    StringBuilder script = new StringBuilder("nft flush ruleset\n");
    for (String iptables : List.of("iptables-legacy", "ip6tables-legacy")) {
      for (String table : List.of("nat", "filter")) {
        script.append("%1$s -t %2$s -F\n%1$s -t %2$s -X\n".formatted(iptables, table));
      }
      script.append(iptables).append(" -P FORWARD ACCEPT\n");
    }
    script.append(
        """
        nft 'add table inet marker'
        nft 'add chain inet marker pre { type filter hook prerouting priority -150 ; }'
        nft 'add rule inet marker pre udp dport 7777 meta mark set 0x5000'
        """);
    Shell.run(Site.node(node), script.toString());
  }

  private List<Probe> probes(boolean v6) {
    String one = v6 ? "fd00:10:244:1::" : "10.244.1.";
    String two = v6 ? "fd00:10:244:2::" : "10.244.2.";
    String outside = v6 ? "fd77::fe" : "10.77.0.254";
    String host = v6 ? "fd77::1" : "10.77.0.1";
    String pod = podName(1, 2);
    String node = Site.node(1);
    return List.of(
        new Probe("same node", pod, "", podName(1, 3), one + "3", 7000),
        new Probe("other node", pod, "", podName(2, 2), two + "2", 7000),
        new Probe("to the outside", pod, "", Site.underlay(), outside, 7000),
        new Probe("marked, to the outside", pod, "", Site.underlay(), outside, 7777),
        new Probe("from the outside", Site.underlay(), "", pod, one + "2", 7000),
        new Probe("outside to other node", Site.underlay(), "", podName(2, 2), two + "2", 7000),
        new Probe("host to own pod", node, "", pod, one + "2", 7000),
        new Probe("host to other node", node, "", podName(2, 2), two + "2", 7000),
        new Probe("host's address to other node", node, host, podName(2, 2), two + "2", 7000),
        new Probe(
            NOT_OURS, Site.underlay(), "", STRANGER, v6 ? "2001:db8::2" : "198.51.100.2", 7000),
        new Probe(
            "multicast", node, one + "1", Site.underlay(), v6 ? "ff15::7000" : "239.1.2.3", 7000));
  }

  /** What arrives, IPv4 and IPv6. */
  private Map<String, String> seen() throws Exception {
    Map<String, String> seen = new LinkedHashMap<>();
    for (boolean v6 : new boolean[] {false, true}) {
      for (Probe probe : probes(v6)) {
        port++; // no connection of an earlier round is remembered
        seen.put((v6 ? "IPv6 " : "IPv4 ") + probe.name(), probe.send(port));
      }
    }
    return seen;
  }

  private Map<String, String> ours(String variant, boolean nftables, boolean masquerade)
      throws Exception {
    site.etcd()
        .put(
            "/g/config",
            """
            {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
            "EnableNFTables":%s,"Backend":{"Type":"vxlan"}}\
            """
                .formatted(nftables));
    for (int node = 1; node <= 2; node++) {
      reset(node);
      if (!nftables) {
        dropForward(node, variant);
      }
    }
    List<DaemonProcess> daemons = new ArrayList<>();
    try {
      for (int node = 1; node <= 2; node++) {
        writeFile(node);
        daemons.add(site.flanneld(node, "--ip-masq=" + masquerade, "--iptables-mode=" + variant));
      }
      daemons.forEach(DaemonProcess::awaitReady);
      await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> Seen.routes(1, "onlink").size() + Seen.routes6(1, "onlink").size() == 2);
      await() // a tentative address is nobody's source
          .atMost(Duration.ofSeconds(10))
          .until(() -> Site.onNode(1, "-6 addr show tentative").isEmpty());
      return seen();
    } finally {
      daemons.forEach(DaemonProcess::close);
    }
  }

  private void writeFile(int node) throws Exception {
    site.writeSubnetFile(
        "n" + node,
        """
        FLANNEL_NETWORK=10.244.0.0/16
        FLANNEL_SUBNET=10.244.%1$d.1/24
        FLANNEL_IPV6_NETWORK=fd00:10:244::/48
        FLANNEL_IPV6_SUBNET=fd00:10:244:%1$d::1/64
        FLANNEL_MTU=1430
        FLANNEL_IPMASQ=false
        """
            .formatted(node));
  }

  private static void dropForward(int node, String variant) throws Exception {
    Shell.run(
        Site.node(node),
        "iptables-%1$s -P FORWARD DROP\nip6tables-%1$s -P FORWARD DROP\n".formatted(variant));
  }

  /** The overlay is up from the round before; the rules are upstream's. */
  private Map<String, String> upstreams(String variant, boolean masquerade) throws Exception {
    for (int node = 1; node <= 2; node++) {
      reset(node);
      dropForward(node, variant);
      String text = (masquerade ? MASQUERADE : "") + FORWARD;
      Shell.run(
          Site.node(node),
          """
          iptables-%1$s-restore --noflush <<'END'
          %2$sEND
          ip6tables-%1$s-restore --noflush <<'END'
          %3$sEND
          """
              .formatted(
                  variant,
                  text.replace("SUBNET", "10.244." + node + ".0/24")
                      .replace("NETWORK", "10.244.0.0/16")
                      .replace("MULTICAST", "224.0.0.0/4"),
                  text.replace("SUBNET", "fd00:10:244:" + node + "::/64")
                      .replace("NETWORK", "fd00:10:244::/48")
                      .replace("MULTICAST", "ff00::/8")));
    }
    return seen();
  }

  private static String full(String address) throws Exception {
    return InetAddress.getByName(address).getHostAddress();
  }

  @Test
  void allEnginesDoWhatUpstreamsRulesDo() throws Exception {
    for (boolean masquerade : new boolean[] {true, false}) {
      Map<String, String> first = ours("nft", false, masquerade);
      Map<String, String> reference = upstreams("nft", masquerade);

      assertThat(upstreams("legacy", masquerade)).as("upstream's, legacy").isEqualTo(reference);
      assertThat(first).as("iptables, nft").isEqualTo(reference);
      assertThat(ours("legacy", false, masquerade)).as("iptables, legacy").isEqualTo(reference);
      Map<String, String> nftables = ours("nft", true, masquerade);
      for (String family : List.of("IPv4 ", "IPv6 ")) {
        assertThat(reference.remove(family + NOT_OURS)).isEqualTo("lost");
        assertThat(nftables.remove(family + NOT_OURS)).isNotEqualTo("lost");
      }
      assertThat(nftables).as("nftables").isEqualTo(reference);
      assertThat(reference)
          .as("upstream's rules, masquerade %s", masquerade)
          .doesNotContainValue("lost")
          .containsEntry("IPv4 same node", "10.244.1.2")
          .containsEntry("IPv4 other node", "10.244.1.2")
          .containsEntry("IPv4 to the outside", masquerade ? "10.77.0.1" : "10.244.1.2")
          .containsEntry("IPv4 marked, to the outside", "10.244.1.2")
          .containsEntry("IPv4 from the outside", "10.77.0.254")
          .containsEntry("IPv4 outside to other node", masquerade ? "10.244.1.0" : "10.77.0.254")
          .containsEntry("IPv4 multicast", "10.244.1.1")
          .containsEntry("IPv6 other node", full("fd00:10:244:1::2"))
          .containsEntry("IPv6 to the outside", full(masquerade ? "fd77::1" : "fd00:10:244:1::2"))
          .containsEntry("IPv6 from the outside", full("fd77::fe"))
          .containsEntry("IPv6 multicast", full("fd00:10:244:1::1"));
    }
  }
}
