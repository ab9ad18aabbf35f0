// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.bench.Daemon;
import io.jflannel.bench.Deadline;
import io.jflannel.bench.Host;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lays the ways: by hand those of the kernel and the reference, by flanneld ours. */
final class Tunnels {

  private static final int PORT = 8285;
  private static final int OUTER_IP_UDP = 28;
  private static final int OUTER_VXLAN = 50;
  private static final List<String> SUBNETS = List.of("10.5.1", "10.5.2");

  private final Programs programs;

  Tunnels(Programs programs) {
    this.programs = programs;
  }

  Tunnel lay(Way way, Site site) throws InterruptedException {
    return switch (way) {
      case VETH -> routes(site);
      case VXLAN -> vxlan(site);
      case PROXY -> proxies(site);
      case OFFLOAD, BATCH, SINGLE, EBPF -> daemons(way, site);
    };
  }

  private static Tunnel routes(Site site) throws InterruptedException {
    for (int n = 1; n <= 2; n++) {
      int peer = 3 - n;
      site.onNode(
          n, "ip route add %s.0/24 via %s".formatted(SUBNETS.get(peer - 1), Site.address(peer)));
    }
    return new Tunnel(SUBNETS, site.setting().mtu(), List.of());
  }

  /** As flannel's vxlan backend does it. */
  private static Tunnel vxlan(Site site) throws InterruptedException {
    for (int n = 1; n <= 2; n++) {
      int peer = 3 - n;
      String subnet = SUBNETS.get(peer - 1) + ".0";
      String mac = "02:00:00:00:00:0" + peer;
      site.onNode(
          n,
          "ip link add flannel.1 address 02:00:00:00:00:0%d type vxlan id 1 local %s"
                  .formatted(n, Site.address(n))
              + " dev eth0 dstport 8472 nolearning");
      site.onNode(n, "ip addr add %s.0/32 dev flannel.1".formatted(SUBNETS.get(n - 1)));
      site.onNode(n, "ip link set flannel.1 up");
      site.onNode(n, "ip neigh add %s lladdr %s dev flannel.1".formatted(subnet, mac));
      site.onNode(n, "bridge fdb add %s dev flannel.1 dst %s".formatted(mac, Site.address(peer)));
      site.onNode(n, "ip route add %s/24 via %s dev flannel.1 onlink".formatted(subnet, subnet));
    }
    return new Tunnel(SUBNETS, site.setting().mtu() - OUTER_VXLAN, List.of());
  }

  private Tunnel proxies(Site site) throws InterruptedException {
    int mtu = site.setting().mtu() - OUTER_IP_UDP;
    List<Long> processes = new ArrayList<>();
    for (int n = 1; n <= 2; n++) {
      int peer = 3 - n;
      String own = SUBNETS.get(n - 1) + ".0";
      Process process = proxy(site.node(n), Site.address(n), mtu, own);
      tell(process, "set %s.0 24 %s".formatted(SUBNETS.get(peer - 1), Site.address(peer)));
      site.onNode(n, "ip addr add %s/32 dev flannel0".formatted(own));
      site.onNode(n, "ip link set flannel0 mtu %d up".formatted(mtu));
      site.onNode(n, "ip route add %s dev flannel0".formatted(Site.NETWORK));
      processes.add(process.pid());
    }
    return new Tunnel(SUBNETS, mtu, processes);
  }

  private Process proxy(Host node, String address, int mtu, String own)
      throws InterruptedException {
    Path said = node.directory().resolve("proxy.log");
    Process process =
        node.start(
            said,
            List.of(
                programs.proxy().toString(),
                address,
                Integer.toString(PORT),
                Integer.toString(mtu),
                own));
    Deadline.seconds(10).await("flannel0 of the C proxy", process, () -> !text(said).isEmpty());
    return process;
  }

  private static void tell(Process process, String command) {
    try {
      process.outputWriter(UTF_8).append(command).append('\n').flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Two real daemons on one local store. */
  private static Tunnel daemons(Way way, Site site) throws InterruptedException {
    Path store = site.node(1).directory().resolve("store");
    write(store.resolve("config"), Site.NETWORK);
    List<String> options =
        List.of(
            "--local-store=" + store,
            "--iface=eth0",
            "--iptables-forward-rules=false",
            "--udp-datapath=" + way.label());
    List<Daemon> daemons =
        List.of(Daemon.start(site.node(1), options), Daemon.start(site.node(2), options));
    List<String> subnets = new ArrayList<>();
    for (int n = 1; n <= 2; n++) {
      awaitSubnetFile(daemons.get(n - 1), site.node(n));
      daemons.get(n - 1).requireDatapath(way.label());
      subnets.add(setting(site.node(n), "FLANNEL_SUBNET=").replaceFirst("\\.1/24$", ""));
    }
    int mtu = Integer.parseInt(setting(site.node(1), "FLANNEL_MTU="));
    return new Tunnel(subnets, mtu, daemons.stream().map(Daemon::pid).toList());
  }

  private static void awaitSubnetFile(Daemon daemon, Host node) throws InterruptedException {
    try {
      daemon.awaitSubnetFile();
    } catch (IllegalStateException e) {
      List<String> said = text(node.directory().resolve("daemon.log")).lines().toList();
      throw new IllegalStateException(
          e.getMessage() + "; its last words: " + (said.isEmpty() ? "none" : said.getLast()), e);
    }
  }

  private static void write(Path config, String network) {
    try {
      Files.createDirectories(config.getParent());
      Files.writeString(
          config,
          "{\"Network\":\"%s\",\"Backend\":{\"Type\":\"udp\",\"Port\":%d}}"
              .formatted(network, PORT));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String setting(Host node, String name) {
    return text(Daemon.subnetFile(node))
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("the subnet file has no " + name));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
