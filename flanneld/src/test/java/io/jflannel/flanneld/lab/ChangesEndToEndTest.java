// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Peers, addresses, MTU, store and subnet file change while two nodes with a real etcd run. Each
 * test leaves the network as it was.
 */
class ChangesEndToEndTest {

  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);
  private static final String SUBNETS = "/coreos.com/network/subnets/";

  private static Optional<Lab> running = Optional.empty();

  @BeforeAll
  static void start() throws InterruptedException {
    Requirements.lab("bridge", "etcd", "etcdctl");
    var spec = LabSpec.of(LabBackend.VXLAN, LabFamilies.DUAL, LabStore.ETCD).withNodes(2);
    running = Optional.of(Lab.start(spec));
    Convergence.await(lab());
  }

  @AfterAll
  static void stop() {
    running.ifPresent(Lab::close);
  }

  private static Lab lab() {
    return running.orElseThrow();
  }

  /** A third host that exists in the store only. */
  private record Absent(int subnet, int host, int mac) {

    static final Absent USUAL = new Absent(200, 77, 1);

    private String subnet4() {
      return "10.244." + subnet + ".0";
    }

    private String subnet6() {
      return "fd00:10:244:" + Integer.toHexString(subnet) + "::";
    }

    private String key() {
      return SUBNETS + subnet4() + "-24&" + subnet6() + "-64";
    }

    private String mac4() {
      return "02:00:00:00:04:0" + mac;
    }

    private String mac6() {
      return "02:00:00:00:06:0" + mac;
    }

    void publish() throws InterruptedException {
      lab()
          .etcd()
          .ctl(
              "put",
              key(),
              """
              {"PublicIP":"192.0.2.%1$d","PublicIPv6":"2001:db8:a::%1$d","BackendType":"vxlan",\
              "BackendData":{"VNI":1,"VtepMAC":"%2$s"},"BackendV6Data":{"VNI":1,"VtepMAC":"%3$s"}}\
              """
                  .formatted(host, mac4(), mac6()));
    }

    void withdraw() throws InterruptedException {
      lab().etcd().ctl("del", key());
    }

    /** All that a host has because of this one. */
    List<String> entries() {
      return Stream.of(
              "%s/24 via %1$s dev flannel.1 onlink".formatted(subnet4()),
              "%s/64 via %1$s dev flannel-v6.1 metric 1024 onlink pref medium".formatted(subnet6()),
              subnet4() + " dev flannel.1 lladdr " + mac4() + " PERMANENT",
              subnet6() + " dev flannel-v6.1 lladdr " + mac6() + " PERMANENT",
              mac4() + " dev flannel.1 dst 192.0.2." + host + " self permanent",
              mac6() + " dev flannel-v6.1 dst 2001:db8:a::" + host + " self permanent")
          .sorted()
          .toList();
    }
  }

  private static void awaitEntries(HostState without, List<String> entries)
      throws InterruptedException {
    HostState wanted =
        new HostState(Stream.concat(without.lines().stream(), entries.stream()).sorted().toList());
    wanted.await(lab().node(1), "entries of the third host", FIVE_SECONDS);
  }

  @Test // P6
  void aPeerHasOneEntryOfEachKindAfterAnyChange() throws Exception {
    HostState without = HostState.of(lab().node(1));
    var changes =
        List.of(
            Absent.USUAL,
            new Absent(200, 77, 2), // another MAC
            new Absent(200, 78, 2), // another address
            new Absent(200, 79, 3), // replaced: both
            Absent.USUAL);
    for (Absent peer : changes) {
      peer.publish();
      awaitEntries(without, peer.entries());
    }
    Absent.USUAL.withdraw();
    var elsewhere = new Absent(201, 77, 1); // the same host with another subnet
    elsewhere.publish();
    awaitEntries(without, elsewhere.entries());
    elsewhere.withdraw();
    awaitEntries(without, List.of());
  }

  @Test // P5
  void leftOversOfADeletedPeerGoAtTheStartAndForeignRoutesStay() throws Exception {
    Node node = lab().node(1);
    node.script(
        """
        ip route add 198.18.0.0/15 via 192.0.2.254
        ip route add 10.244.250.0/24 via 192.0.2.254 metric 77
        ip -6 route add fd00:10:244:fa::/64 via 2001:db8:a::fe metric 77
        """);
    HostState without = HostState.of(node);
    Absent.USUAL.publish();
    awaitEntries(without, Absent.USUAL.entries());

    node.killDaemon();
    Absent.USUAL.withdraw();
    assertThat(HostState.of(node).lines()).containsAll(Absent.USUAL.entries());
    node.startDaemon();
    Convergence.await(node, 1);

    assertThat(HostState.of(node)).isEqualTo(without);
    node.script(
        """
        ip route del 198.18.0.0/15
        ip route del 10.244.250.0/24 metric 77
        ip -6 route del fd00:10:244:fa::/64 metric 77
        """);
  }

  @Test // P20, P21
  void anAddressIsFollowedByThePeersEachFamilyAlone() throws Exception {
    Node moving = lab().node(1);
    Node peer = lab().node(2);
    String file = Files.readString(moving.subnetFilePath());
    String move =
        """
        ip address del %1$s dev eth0
        ip address add %2$s dev eth0 nodad
        ip route replace default via %3$s
        """;
    String move4 = move.replace(" nodad", "");
    String move6 = move.replace("ip ", "ip -6 ");
    HostState before = HostState.of(peer);

    moving.script(move4.formatted("192.0.2.1/24", "192.0.2.101/24", "192.0.2.254"));
    moved(before, "dst 192.0.2.1 ", "dst 192.0.2.101 ").await(peer, "IPv4", FIVE_SECONDS);
    moving.script(move6.formatted("2001:db8:a::1/64", "2001:db8:a::101/64", "2001:db8:a::fe"));
    moved(
            moved(before, "dst 192.0.2.1 ", "dst 192.0.2.101 "),
            "dst 2001:db8:a::1 ",
            "dst 2001:db8:a::101 ")
        .await(peer, "IPv6", FIVE_SECONDS);
    assertThat(lab().etcd().ctl("get", "--prefix", SUBNETS, "--print-value-only"))
        .contains("\"PublicIP\":\"192.0.2.101\"", "\"PublicIPv6\":\"2001:db8:a::101\"");
    assertThat(Check.run(lab(), TEN_SECONDS)).allMatch(Check.Line::passed);

    moving.script(move4.formatted("192.0.2.101/24", "192.0.2.1/24", "192.0.2.254"));
    moving.script(move6.formatted("2001:db8:a::101/64", "2001:db8:a::1/64", "2001:db8:a::fe"));
    before.await(peer, "the way back", FIVE_SECONDS);
    assertThat(moving.subnetFilePath()).hasContent(file);
    Convergence.await(lab());
  }

  private static HostState moved(HostState before, String from, String to) {
    return new HostState(
        before.lines().stream().map(line -> line.replace(from, to)).sorted().toList());
  }

  @Test // P22; 70 bytes of overhead in dual stack, the IPv4 device keeps 50
  void theMtuIsFollowed() throws Exception {
    Node node = lab().node(1);
    for (int mtu : List.of(1400, 1500)) {
      node.script("ip link set eth0 mtu " + mtu);
      Await.until(
          "MTU from " + mtu,
          FIVE_SECONDS,
          () ->
              node.subnetFile().orElseThrow().mtu() == mtu - 70
                  && has(node, "flannel.1: ", "mtu " + (mtu - 50) + " ")
                  && has(node, "flannel-v6.1: ", "mtu " + (mtu - 70) + " "));
    }
  }

  private static boolean has(Node node, String device, String text) {
    return HostState.of(node).lines().stream()
        .anyMatch(line -> line.startsWith(device) && line.contains(text));
  }

  @Test // P36
  void aLostStoreAndALostInterfaceAreNotReadyWithAReason() throws Exception {
    Node node = lab().node(1);
    HostState wanted = HostState.of(node);

    lab().etcd().stop();
    awaitReadyz("503 without etcd", node, probe -> probe.refusesBecause("store: "));
    assertThat(HostState.of(node)).isEqualTo(wanted);
    lab().etcd().restart();
    awaitReadyz("200 with etcd", node, HealthProbe::ready);

    node.script("ip link set eth0 name eth9");
    awaitReadyz("503 without eth0", node, probe -> probe.refusesBecause("eth0"));
    node.script("ip link set eth9 name eth0");
    awaitReadyz("200 with eth0", node, HealthProbe::ready);

    for (int i = 0; i < 20; i++) {
      node.script("ip link del flannel.1 2>/dev/null || true");
    }
    wanted.await(node, "flannel.1, deleted again and again", FIVE_SECONDS);
    awaitReadyz("200 with flannel.1", node, HealthProbe::ready);
    Convergence.await(lab());
  }

  private static void awaitReadyz(String what, Node node, Predicate<HealthProbe> condition)
      throws InterruptedException {
    Await.until("/readyz " + what, TEN_SECONDS, () -> condition.test(HealthProbe.readyz(node)));
  }

  @Test // P38
  void theSubnetFileIsWrittenAgainAndHeldByOneDaemon() throws Exception {
    Node node = lab().node(1);
    String file = Files.readString(node.subnetFilePath());

    Files.delete(node.subnetFilePath());
    Await.until("removed file", FIVE_SECONDS, () -> content(node).equals(Optional.of(file)));
    Files.writeString(node.subnetFilePath(), file.replace("FLANNEL_MTU=", "FLANNEL_MTU=1"));
    Await.until("altered file", FIVE_SECONDS, () -> content(node).equals(Optional.of(file)));

    List<String> second =
        Commands.concat(
            Program.found().command(),
            List.of(
                "--etcd-endpoints=" + lab().etcd().url(),
                "--etcd-api=v3",
                "--subnet-file=" + node.subnetFilePath(),
                "--status-file=" + node.statusPath().resolveSibling("second.json")));
    Commands.Result refused = Commands.run(Commands.onHost(node.namespace(), second), "");
    assertThat(refused.status()).isNotZero();
    assertThat(refused.output())
        .contains(node.subnetFilePath().toString(), Long.toString(node.daemonPid()));
    assertThat(node.subnetFilePath()).hasContent(file);
  }

  private static Optional<String> content(Node node) {
    try {
      return Files.exists(node.subnetFilePath())
          ? Optional.of(Files.readString(node.subnetFilePath()))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
