// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Others change what is flannel's on a host of a running network, one thing after the other; each
 * time the host is soon exactly as it was before, and what is not flannel's was left alone.
 */
class DriftEndToEndTest {

  private static final Duration TWO_SECONDS = Duration.ofSeconds(2); // P1, P3
  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5); // P2, P4

  /** Not flannel's: by its metric, its protocol, its destination, or its device. */
  private static final String FOREIGN =
      """
      ip route add 10.244.250.0/24 via 192.0.2.254 metric 77
      ip route add 10.244.251.0/24 via 192.0.2.254 proto static
      ip route add 198.18.0.0/15 via 192.0.2.254
      ip -6 route add fd00:10:244:fa::/64 via 2001:db8:a::fe metric 77
      ip -6 route add fd00:10:244:fb::/64 via 2001:db8:a::fe proto static
      ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent
      """;

  private static final String WITHOUT_FOREIGN =
      """
      ip route del 10.244.250.0/24 metric 77
      ip route del 10.244.251.0/24 proto static
      ip route del 198.18.0.0/15
      ip -6 route del fd00:10:244:fa::/64 metric 77
      ip -6 route del fd00:10:244:fb::/64 proto static
      ip neigh del 192.0.2.77 dev eth0
      """;

  /**
   * A link flap, after which the operator's tools set up what the kernel has dropped; v4 and v6 are
   * the default gateways.
   */
  private static String flap(String v4, String v6) {
    return """
    ip link set eth0 down
    ip link set eth0 up
    ip -6 address replace 2001:db8:a::1/64 dev eth0 nodad
    ip -6 route replace default via %s
    ip route add default via %s
    """
        .formatted(v6, v4);
  }

  /** A script, and until when it must have had no lasting effect. */
  private record Drift(String script, Duration limit) {}

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("bridge");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UDP") // UdpEndToEndTest
  void everyDriftIsRepairedInTime(LabBackend backend) throws Exception {
    int nodes = backend == LabBackend.VXLAN_DIRECT ? 3 : 2; // the third behind a router
    var spec = LabSpec.of(backend, LabFamilies.DUAL, LabStore.LOCAL).withNodes(nodes);
    try (Lab lab = Lab.start(spec)) {
      Convergence.await(lab);
      Node node = lab.node(1);
      node.script(FOREIGN);
      HostState wanted = HostState.of(node);
      for (Drift drift : drifts(lab)) {
        check(node, drift, wanted);
      }
      node.script(WITHOUT_FOREIGN); // it would not survive what comes now
      HostState own = HostState.of(node);
      boolean routed = backend == LabBackend.VXLAN_DIRECT;
      String v4 = routed ? "192.0.2.253" : "192.0.2.254";
      String v6 = routed ? "2001:db8:a::fd" : "2001:db8:a::fe";
      check(node, new Drift(flap(v4, v6), TWO_SECONDS), own);
      loseParent(lab, own, v4, v6);
      assertThat(Check.run(lab, Duration.ofSeconds(10))).allMatch(Check.Line::passed);
    }
  }

  private static void check(Node node, Drift drift, HostState wanted) throws InterruptedException {
    node.script(drift.script());
    Duration took = wanted.await(node, drift.script(), drift.limit());
    System.out.printf("%4d ms: %s%n", took.toMillis(), drift.script().strip().replace("\n", "; "));
  }

  private static List<Drift> drifts(Lab lab) throws InterruptedException {
    List<Drift> drifts = new ArrayList<>();
    for (Node peer : lab.nodes().subList(1, lab.nodes().size())) {
      routes(peer).forEach(script -> drifts.add(new Drift(script, TWO_SECONDS)));
    }
    if (lab.spec().backend() != LabBackend.HOST_GW) {
      Node tunnelled = lab.nodes().getLast();
      for (Family family : Family.values()) {
        Tunnel tunnel = Tunnel.between(lab.node(1), tunnelled, family);
        tunnel.entries().forEach(script -> drifts.add(new Drift(script, TWO_SECONDS)));
        tunnel.device().forEach(script -> drifts.add(new Drift(script, TWO_SECONDS)));
        drifts.add(new Drift("ip link del " + tunnel.name(), FIVE_SECONDS));
      }
      drifts.add(new Drift("ip link del flannel.1; ip link del flannel-v6.1", FIVE_SECONDS));
    }
    return drifts;
  }

  private static List<String> routes(Node peer) {
    String v4 = peer.wiredSubnet().subnets().getFirst().toString();
    String v6 = peer.wiredSubnet().subnets().getLast().toString();
    return List.of(
        "ip route del " + v4,
        "ip -6 route del " + v6,
        "ip route del " + v4 + "; ip -6 route del " + v6,
        "ip route replace " + v4 + " via 192.0.2.253 dev eth0 onlink",
        "ip -6 route replace " + v6 + " via 2001:db8:a::fd dev eth0 onlink");
  }

  /** One family's device, and the peer's entries on it. */
  private record Tunnel(
      String name, String ip, String address, String gateway, String mac, String stray) {

    static Tunnel between(Node node, Node peer, Family family) throws InterruptedException {
      int at = family == Family.V4 ? 0 : 1;
      String name = family == Family.V4 ? "flannel.1" : "flannel-v6.1";
      return new Tunnel(
          name,
          family == Family.V4 ? "ip" : "ip -6",
          node.wiredSubnet().subnets().get(at).ip() + (family == Family.V4 ? "/32" : "/128"),
          peer.wiredSubnet().subnets().get(at).ip().toString(),
          mac(peer, name),
          family == Family.V4 ? "10.244.249.0" : "fd00:10:244:f9::");
    }

    private static String mac(Node node, String device) throws InterruptedException {
      var ether =
          Pattern.compile("link/ether (\\S+)").matcher(node.exec("ip", "link", "show", device));
      if (!ether.find()) {
        throw new AssertionError("no MAC: " + device);
      }
      return ether.group(1);
    }

    List<String> entries() {
      String foreign = name.equals("flannel.1") ? "192.0.2.99" : "2001:db8:a::99";
      return Stream.of(
              "ip neigh del GW dev DEV",
              "ip neigh replace GW lladdr 02:00:00:00:00:99 dev DEV nud permanent",
              "ip neigh flush dev DEV nud permanent || true", // complains of being undone at once
              "bridge fdb del MAC dev DEV",
              "bridge fdb replace MAC dev DEV dst FOREIGN self permanent",
              "IP route flush dev DEV proto boot",
              // strays, as a daemon's earlier life may have left them
              "ip neigh add STRAY lladdr 02:00:00:00:00:98 dev DEV nud permanent",
              "bridge fdb add 02:00:00:00:00:98 dev DEV dst FOREIGN self permanent",
              "IP route add STRAY/120 via GW dev DEV onlink")
          .map(script -> fill(script).replace("FOREIGN", foreign))
          .map(script -> script.replace("10.244.249.0/120", "10.244.249.0/24"))
          .toList();
    }

    List<String> device() {
      return Stream.of(
              "ip link set DEV address 02:00:00:00:00:97",
              "ip link set DEV mtu 1300",
              "ip link set DEV down",
              "ip link set DEV down; ip link set DEV address 02:00:00:00:00:96",
              "IP address del ADDRESS dev DEV")
          .map(this::fill)
          .toList();
    }

    private String fill(String script) {
      return script
          .replace("IP ", ip + " ")
          .replace("DEV", name)
          .replace("GW", gateway)
          .replace("MAC", mac)
          .replace("STRAY", stray)
          .replace("ADDRESS", address);
    }
  }

  /** The cable is pulled out of the host and another one is put in: eth0 has a new number. */
  private static void loseParent(Lab lab, HostState wanted, String v4, String v6)
      throws InterruptedException { // P2
    Node node = lab.node(1);
    node.script("ip link del eth0");
    Await.until(
        "unreadiness without eth0", // P36
        Duration.ofSeconds(10),
        () -> Convergence.status(node, status -> !status.ready()));
    assertThat(node.status().orElseThrow().document().text()).contains("eth0");

    String host = node.namespace();
    Commands.script(
        host.substring(0, host.length() - 1 - Integer.toString(node.number()).length()) + "u",
        "ip link add n1 type veth peer name eth0 netns "
            + host
            + "\nip link set n1 master underlay up\n");
    node.script(
        """
        ip link set eth0 up
        ip address add 192.0.2.1/24 dev eth0
        ip -6 address add 2001:db8:a::1/64 dev eth0 nodad
        ip route add default via %s
        ip -6 route add default via %s
        """
            .formatted(v4, v6));
    Duration took = wanted.await(node, "another eth0", FIVE_SECONDS);
    System.out.printf("%4d ms: another eth0%n", took.toMillis());
    Convergence.await(lab);
  }
}
