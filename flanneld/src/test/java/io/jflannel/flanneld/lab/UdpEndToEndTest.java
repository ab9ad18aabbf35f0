// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.Options.UdpDatapath;
import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The backend udp under the reconcile loop: what upstream never repairs comes back. */
class UdpEndToEndTest {

  private static final LabSpec TWO =
      LabSpec.of(LabBackend.UDP, LabFamilies.IPV4, LabStore.LOCAL).withNodes(2);

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("bridge");
  }

  @Test // B28: a deleted TUN device is not made again, and the proxy spins
  void everyDriftIsRepairedInTime() throws Exception {
    try (Lab lab = Lab.start(TWO)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      HostState wanted = HostState.of(node);
      assertThat(wanted.with("10.244.0.0/16 dev flannel0")).hasSize(1);
      String address = node.wiredSubnet().subnets().getFirst().network().ip() + "/32";
      for (String drift :
          List.of(
              "ip link del flannel0",
              "ip address del " + address + " dev flannel0",
              "ip route del 10.244.0.0/16",
              "ip link set flannel0 mtu 1300",
              "ip link set flannel0 down",
              "ip link set flannel0 down; ip address flush dev flannel0",
              "ip link set flannel0 down; ip link set flannel0 name lost0",
              "ip link set flannel0 netns " + node.containerNamespace(),
              "ip link del flannel0")) {
        node.script(drift);
        Duration took = wanted.await(node, drift, Duration.ofSeconds(2));
        System.out.printf("%4d ms: %s%n", took.toMillis(), drift);
        assertThat(Check.run(lab, Duration.ofSeconds(2))).as(drift).allMatch(Check.Line::passed);
      }
      assertThat(node.status().orElseThrow().ready()).isTrue();
    }
  }

  @Test // backends.md 6.6: the answer's source is the TUN's own address, a martian by default
  void aPodHearsAtOnceThatNobodyHasASubnet() throws Exception {
    try (Lab lab = Lab.start(TWO)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      node.script("echo 1 >/proc/sys/net/ipv4/conf/flannel0/rp_filter"); // strict, RFC 3704
      assertThat(refusal(node)).contains("Network is unreachable");
      node.script("ip link del flannel0");
      Await.until(
          "the same from the new device",
          Duration.ofSeconds(5),
          () -> refusal(node).contains("Network is unreachable"));
    }
  }

  /** What a container is told of a connection to a subnet without a lease. */
  private static String refusal(Node node) {
    try (NetworkNamespace container = NetworkNamespace.named(node.containerNamespace())) {
      return container.run(() -> {
        try (Socket socket = new Socket()) {
          socket.connect(new InetSocketAddress("10.244.255.2", 80), 2_000);
          return "connected";
        } catch (IOException e) {
          return String.valueOf(e.getMessage());
        }
      });
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test // the device goes with its process
  void trafficResumesSoonAfterAKill() throws Exception {
    try (Lab lab = Lab.start(TWO)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      Traffic traffic = Traffic.start(lab.node(2), node, Family.V4);
      node.killDaemon();
      long start = System.nanoTime();
      node.startDaemon();
      Await.until("a ping", Duration.ofSeconds(10), () -> answers(lab.node(2), node));
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      System.out.printf("%4d ms: from the start to the first answer%n", took.toMillis());
      traffic.awaitMore();
      assertThat(took)
          .isLessThan(Duration.ofSeconds(2)); // docs/performance.md: 0.5 s on a quiet machine
    }
  }

  private static boolean answers(Node from, Node to) {
    return pings(from, to, 56);
  }

  private static boolean pings(Node from, Node to, int payload) {
    String target = to.containerAddress(Family.V4).toString();
    List<String> once =
        List.of("ping", "-n", "-c", "1", "-W", "0.1", "-s", Integer.toString(payload), target);
    try {
      return Commands.run(Commands.inNetwork(from.containerNamespace(), once), "").passed();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EBPF")
  void theDataPathThatIsAskedForIsUsedAndShown(UdpDatapath path) throws Exception {
    try (Lab lab = Lab.start(TWO.withDatapath(path))) {
      Convergence.await(lab);
      assertThat(Check.run(lab, Duration.ofSeconds(10))).allMatch(Check.Line::passed);
      String used = path == UdpDatapath.AUTO ? "offload" : path.toString();
      assertThat(lab.node(1).daemonLog())
          .containsOnlyOnce("UDP tunnel flannel0 on 192.0.2.1 port 8285: data path " + used);
      Await.until(
          "counters",
          Duration.ofSeconds(10),
          () ->
              Convergence.status(
                  lab.node(1),
                  status ->
                      status.document().text().contains("\"datapath\":\"" + used + "\"")
                          && !status.document().text().contains("\"sent\":{\"packets\":0,")));
    }
  }

  @Test // between nodes that both announce it; a deleted device or another underlay is followed
  void theKernelCarriesPacketsWhereBothAskForIt() throws Exception {
    try (Lab lab = Lab.start(TWO.withDatapath(UdpDatapath.EBPF))) {
      Convergence.await(lab);
      Node node = lab.node(1);
      assertThat(Check.run(lab, Duration.ofSeconds(10))).allMatch(Check.Line::passed);
      Await.until(
          "packets by the kernel",
          Duration.ofSeconds(10),
          () ->
              Convergence.status(
                  node,
                  status -> {
                    String text = status.document().text();
                    return text.contains("\"datapath\":\"ebpf\"")
                        && text.contains("\"kernel\":{\"sent\":{\"packets\":")
                        && !text.contains("\"kernel\":{\"sent\":{\"packets\":0,");
                  }));
      HostState wanted = HostState.of(node);
      node.script("ip link del flannel0");
      wanted.await(node, "ip link del flannel0", Duration.ofSeconds(2));
      assertThat(Check.run(lab, Duration.ofSeconds(5))).allMatch(Check.Line::passed);
    }
  }

  /**
   * The programs are at eth0: what leaves by eth1 is user space's, until it leaves by eth0 again.
   */
  @Test
  void theKernelLeavesToUserSpaceWhatGoesByAnotherLink() throws Exception {
    try (Lab lab = Lab.start(TWO.withDatapath(UdpDatapath.EBPF))) {
      Convergence.await(lab);
      Node first = lab.node(1);
      first.script("ip link add eth1 type veth peer name eth1 netns " + lab.node(2).namespace());
      for (Node node : lab.nodes()) {
        Ip other = lab.node(3 - node.number()).address(Family.V4);
        node.script("ip link set eth1 up");
        node.script(
            "ip neigh replace " + other + " lladdr 02:00:00:00:00:99 dev eth0 nud permanent");
      }
      Await.until("no way by eth0", Duration.ofSeconds(5), () -> !answers(first, lab.node(2)));
      for (Node node : lab.nodes()) {
        node.script("ip route add " + lab.node(3 - node.number()).address(Family.V4) + " dev eth1");
      }
      Await.until("a way by eth1", Duration.ofSeconds(5), () -> answers(first, lab.node(2)));
      assertThat(Check.run(lab, Duration.ofSeconds(5))).allMatch(Check.Line::passed);
      for (Node node : lab.nodes()) {
        Ip other = lab.node(3 - node.number()).address(Family.V4);
        node.script("ip route del " + other + " dev eth1; ip neigh del " + other + " dev eth0");
      }
      long before = sentByKernel(first);
      Await.until(
          "packets by the kernel",
          Duration.ofSeconds(10),
          () -> answers(first, lab.node(2)) && sentByKernel(first) > before);
    }
  }

  @Test // it cannot fragment: large packets would be lost
  void theKernelLeavesToUserSpaceWhatGoesByANarrowPath() throws Exception {
    try (Lab lab = Lab.start(TWO.withDatapath(UdpDatapath.EBPF))) {
      Convergence.await(lab);
      Node first = lab.node(1);
      Ip other = lab.node(2).address(Family.V4);
      awaitSent(lab, first, "by the kernel", () -> sentByKernel(first) > 0);

      first.script("ip route add " + other + " dev eth0 mtu 1300");

      Await.until(
          "a large packet by user space",
          Duration.ofSeconds(20),
          () -> {
            long before = sentByKernel(first);
            return pings(first, lab.node(2), 1400) && sentByKernel(first) == before;
          });
      first.script("ip route del " + other + " dev eth0");
      long before = sentByKernel(first);
      awaitSent(lab, first, "by the kernel again", () -> sentByKernel(first) > before);
    }
  }

  @Test // what the kernel wraps would pass by them, in clear
  void theKernelWrapsNothingWhereThereAreIpsecPolicies() throws Exception {
    String policy = "src 198.51.100.1 dst 198.51.100.2 dir out";
    String pass = "; ip link set flannel0 mtu 1300"; // of the reconcile loop: mends this too
    try (Lab lab = Lab.start(TWO.withDatapath(UdpDatapath.EBPF))) {
      Convergence.await(lab);
      Node node = lab.node(1);
      awaitSent(lab, node, "by the kernel", () -> sentByKernel(node) > 0);
      node.script("ip xfrm policy add " + policy + " tmpl proto esp mode transport" + pass);
      awaitSent(lab, node, "not by the kernel", () -> sentByKernel(node) == 0);
      long before = sentByUserSpace(node);
      awaitSent(
          lab,
          node,
          "by user space",
          () -> sentByUserSpace(node) > before && sentByKernel(node) == 0);
      node.script("ip xfrm policy delete " + policy + pass);
      awaitSent(lab, node, "by the kernel again", () -> sentByKernel(node) > 0);
      node.script("ip xfrm policy add " + policy + " tmpl proto esp mode transport");
      node.killDaemon();
      node.startDaemon();
      Convergence.await(lab);
      assertThat(node.daemonLog()).contains("it would pass by the IPsec policies of this host");
      assertThat(Check.run(lab, Duration.ofSeconds(5))).allMatch(Check.Line::passed);
    }
  }

  private static void awaitSent(Lab lab, Node node, String how, BooleanSupplier sent)
      throws InterruptedException {
    Await.until(
        "packets " + how,
        Duration.ofSeconds(20),
        () -> answers(node, lab.node(2)) && sent.getAsBoolean());
  }

  private static long sentByKernel(Node node) {
    return packets(node, "tunnel", "kernel", "sent", "packets");
  }

  private static long sentByUserSpace(Node node) {
    return packets(node, "tunnel", "sent", "packets");
  }

  private static long packets(Node node, String... path) {
    return node.status()
        .flatMap(status -> Convergence.at(status.document(), path))
        .map(packets -> Long.parseLong(packets.text()))
        .orElse(0L);
  }

  @Test
  void aNameThatIsTakenIsPassedOver() throws Exception {
    try (Lab lab = Lab.start(TWO)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      assertThat(node.stopDaemon()).isZero();
      assertThat(node.exec("ip", "link")).doesNotContain("flannel0");
      node.script("ip tuntap add dev flannel0 mode tun");
      node.startDaemon();
      Convergence.await(lab);
      assertThat(node.exec("ip", "-o", "link")).contains("flannel0:", "flannel1:");
      assertThat(Check.run(lab, Duration.ofSeconds(5))).allMatch(Check.Line::passed);
    }
  }
}
