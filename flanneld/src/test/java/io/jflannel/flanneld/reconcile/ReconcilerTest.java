// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.backend.Backends;
import io.jflannel.flanneld.kernel.NetlinkWorld;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.linux.Sysctl;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The loop over the real kernel of a namespace, with others who change things beside it. */
final class ReconcilerTest {

  private static final String VXLAN = "{\"Type\":\"vxlan\"}";
  private static final String DIRECT = "{\"Type\":\"vxlan\",\"DirectRouting\":true}";
  private static final String HOST_GW = "{\"Type\":\"host-gw\"}";
  private static final MacAddress OWN = new MacAddress(0x0a_00_00_00_00_01L);

  @FunctionalInterface
  private interface Body {
    void run(Running running) throws Exception;
  }

  private static void running(String backend, Body body) throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      Network.addParent(world);
      try (Running running = new Running(world, new Network(backend))) {
        body.run(running);
      }
    });
  }

  private static void settled(Running running, Lease... peers) {
    running.publish(peers);
    running.await(report -> report.settled() && report.number() >= 2);
  }

  private static Route tunnel(int node) {
    Ip gateway = Ip.parse("10.244." + node + ".0");
    return new Route(new Cidr(gateway, 24), new Via.Gateway("flannel.1", gateway, true));
  }

  private static Route tunnel6(int node) {
    Ip gateway = Ip.parse("fd00:10:244:" + node + "::");
    return new Route(new Cidr(gateway, 64), new Via.Gateway("flannel-v6.1", gateway, true));
  }

  private static Route direct(int node) {
    return new Route(
        Cidr.parse("10.244." + node + ".0/24"),
        new Via.Gateway("eth0", Ip.parse("10.77.0." + node), false));
  }

  private static Route direct6(int node) {
    return new Route(
        Cidr.parse("fd00:10:244:" + node + "::/64"),
        new Via.Gateway("eth0", Ip.parse("fd77::" + node), false));
  }

  private static FdbEntry fdb(int node) {
    return new FdbEntry("flannel.1", mac(node), Ip.parse("10.77.0." + node));
  }

  private static Neighbour neighbour(int node) {
    return new Neighbour("flannel.1", Ip.parse("10.244." + node + ".0"), mac(node));
  }

  private static MacAddress mac(int node) {
    return new MacAddress(0x0a_00_00_00_00_00L + node);
  }

  @Test
  void aViewIsProgrammedAndReported() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2), running.network.far(3));

          PassReport report = running.report();
          assertThat(report.ready(Family.V4)).isTrue();
          assertThat(report.ready(Family.V6)).isTrue();
          assertThat(report.wanted()).isEqualTo(2);
          assertThat(report.peers()).isEmpty();
          assertThat(report.repairs()).isZero();
          assertThat(running.has(tunnel(2)) && running.has(tunnel6(3))).isTrue();
        });
  }

  @Test
  void nothingHappensWithoutAnOwnLease() throws Exception {
    running(
        VXLAN,
        running -> {
          assertThat(running.reports.awaitNewer(0, Duration.ofMillis(100))).isEmpty();
          assertThat(running.world.others().link("flannel.1")).isEmpty();
        });
  }

  @Test
  void nothingIsWrittenWhenNothingChangedAlsoAfterARestart() throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      Network.addParent(world);
      Network network = new Network(DIRECT);
      Lease[] peers = {network.near(2), network.far(3)};
      try (Running first = new Running(world, network)) {
        settled(first, peers);
        long written = first.kernel.get().target().messages();
        first.awaitAnotherPass();
        assertThat(first.report().puts() + first.report().deletes()).isZero();
        assertThat(first.kernel.get().target().messages()).isEqualTo(written);
      }
      try (Running second = new Running(world, network)) {
        settled(second, peers);
        assertThat(second.kernel.get().target().messages()).isZero();
        assertThat(second.report().repairs()).isZero();
      }
    });
  }

  @Test // P5
  void nothingIsDeletedBeforeTheFirstCompleteView() throws Exception {
    running(
        VXLAN,
        running -> {
          Network network = running.network;
          Route stale = direct(9);
          Cidr foreign = Cidr.parse("10.244.40.0/24");
          running.world.target().apply(List.of(new Change.Add(stale)));
          running.world.addForeignRoute(foreign, Ip.parse("10.77.0.40"), 0);

          running.views.put(network.view(List.of(network.near(2)), Set.of(), false));
          running.await(report -> report.number() >= 2);
          assertThat(running.has(stale) && running.has(tunnel(2))).isTrue();
          assertThat(running.report().settled()).isFalse();

          running.publish(network.near(2));
          running.await(PassReport::settled);
          assertThat(running.has(stale)).isFalse();
          assertThat(running.world.routesTo(foreign)).isEqualTo(1);
        });
  }

  @Test
  void whatServesAnUnreadableLeaseIsKept() throws Exception {
    running(
        VXLAN,
        running -> {
          Network network = running.network;
          settled(running, network.near(2), network.near(3));
          Set<Cidr> kept = Set.of(Cidr.parse("10.244.2.0/24"));
          running.views.put(network.view(List.of(), kept, true));
          running.await(report -> report.wanted() == 0);
          assertThat(running.entries())
              .isEqualTo(State.of(List.of(tunnel(2), fdb(2), neighbour(2))));
        });
  }

  @Test // P1, P2, P3, P6
  void everyDriftIsRepairedAtOnce() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2), running.network.near(3));
          for (Resource lost :
              List.of(tunnel(2), tunnel6(2), fdb(2), neighbour(2), tunnel(3), fdb(3))) {
            running.world.target().apply(List.of(new Change.Delete(lost)));
            Running.within(Duration.ofSeconds(2), () -> running.has(lost));
          }
          var wrong = new FdbEntry("flannel.1", mac(2), Ip.parse("10.77.0.99"));
          running.world.target().apply(List.of(new Change.Add(wrong)));
          Running.within(Duration.ofSeconds(2), () -> running.has(fdb(2)));
          var stray = new Neighbour("flannel.1", Ip.parse("10.244.77.0"), mac(77));
          running.world.target().apply(List.of(new Change.Add(stray)));
          Running.within(Duration.ofSeconds(2), () -> !running.has(stray));
          running.await(report -> report.repairs() >= 8);
        });
  }

  @Test // P1, P2
  void everyDriftOfTheDeviceIsRepairedWithAllEntries() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2), running.network.near(3));
          State wanted = running.entries();
          VxlanDevice device = device(running);
          List<Runnable> drifts =
              List.of(
                  () -> running.world.setMac("flannel.1", mac(500)),
                  () -> running.world.setMtu("flannel.1", 1300),
                  () -> running.world.setUp("flannel.1", false),
                  () -> running.world.deleteLink("flannel.1"),
                  () -> running.world.deleteLink("flannel-v6.1"));
          for (Runnable drift : drifts) {
            drift.run();
            Running.within(
                Duration.ofSeconds(2),
                () -> running.has(device) && running.entries().equals(wanted));
          }
          assertThat(device(running).mac()).isEqualTo(OWN);
        });
  }

  private static VxlanDevice device(Running running) {
    State devices = running.world.target().read(Stage.DEVICES, running.network.ownership());
    return (VxlanDevice) devices.get(new Resource.Key.Device("flannel.1")).orElseThrow();
  }

  @Test // P2
  void aLostParentIsWaitedForAndEverythingComesBack() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2));
          State wanted = running.entries();
          running.world.deleteLink("eth0");
          running.await(report -> !report.ready(Family.V4));
          assertThat(running.report().allProblems().toString()).contains("eth0");

          Network.addParent(running.world);
          Running.within(Duration.ofSeconds(5), () -> running.entries().equals(wanted));
          running.await(report -> report.ready(Family.V4) && report.ready(Family.V6));
          assertThat(running.external.peek()).isPresent(); // another index
        });
  }

  @Test // P3, P4
  void flushedRoutesComeBackWithHostGw() throws Exception {
    running(
        HOST_GW,
        running -> {
          settled(running, running.network.near(2), running.network.near(3));
          running.world.setUp("eth0", false);
          running.world.setUp("eth0", true);
          running.world.addAddress("eth0", Network.HOST.getLast()); // IPv6 loses it when down
          Running.within(
              Duration.ofSeconds(5), () -> running.has(direct(2)) && running.has(direct6(3)));
        });
  }

  @Test // P20, P22
  void theExternalInterfaceIsFollowed() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2));
          running.world.setMtu("eth0", 1400);
          Running.within(Duration.ofSeconds(2), () -> device(running).mtu() == 1350);
          assertThat(running.external.peek().orElseThrow().value().mtu()).isEqualTo(1400);

          running.world.addAddress("eth0", Cidr.parse("10.77.0.55/25"));
          running.world.deleteAddress("eth0", Network.HOST.getFirst());
          Optional<Ip> moved = Optional.of(Ip.parse("10.77.0.55"));
          Running.within(
              Duration.ofSeconds(5),
              () ->
                  device(running).local().equals(moved)
                      && running.external.peek().orElseThrow().value().public4().equals(moved));
        });
  }

  @Test // B52
  void peersMoveBetweenDirectAndTunnelled() throws Exception {
    running(
        DIRECT,
        running -> {
          Network network = running.network;
          settled(running, network.near(2));
          assertThat(running.entries()).isEqualTo(State.of(List.of(direct(2), direct6(2))));
          for (int i = 0; i < 3; i++) {
            running.publish(network.far(2));
            Running.within(
                Duration.ofSeconds(2), () -> running.has(tunnel(2)) && running.has(tunnel6(2)));
            running.publish(network.near(2));
            Running.within(
                Duration.ofSeconds(2),
                () -> running.entries().equals(State.of(List.of(direct(2), direct6(2)))));
          }
          assertThat(running.report().repairs()).isZero();
        });
  }

  @Test
  void aChangedWayTurnsADirectPeerIntoATunnelledOne() throws Exception {
    running(
        DIRECT,
        running -> {
          settled(running, running.network.far(2));
          assertThat(running.has(tunnel(2))).isTrue();
          running.world.addAddress("eth0", Cidr.parse("192.0.2.1/24"));
          Route viaLink =
              new Route(
                  Cidr.parse("10.244.2.0/24"),
                  new Via.Gateway("eth0", Ip.parse("192.0.2.2"), false));
          Running.within(Duration.ofSeconds(2), () -> running.has(viaLink));
          running.world.deleteAddress("eth0", Cidr.parse("192.0.2.1/24"));
          Running.within(Duration.ofSeconds(2), () -> running.has(tunnel(2)));
        });
  }

  @Test
  void aPeerThatCannotBeProgrammedIsReportedAndRetriedAndStopsNobody() throws Exception {
    running(
        HOST_GW,
        running -> {
          Network network = running.network;
          settled(running, network.far(2), network.near(3));
          PassReport report = running.report();
          assertThat(report.peers()).containsOnlyKeys(network.far(2).subnets());
          assertThat(report.peers().values().toString()).contains("UNREACH");
          assertThat(report.ready(Family.V4)).isTrue();
          assertThat(running.has(direct(3))).isTrue();

          running.world.addAddress("eth0", Cidr.parse("192.0.2.1/24"));
          running.world.addAddress("eth0", Cidr.parse("2001:db8::1/64"));
          running.await(now -> now.peers().isEmpty());
        });
  }

  @Test
  void anOpponentIsNamedAndKeepsTheLoopWithinItsPace() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2));
          Duration before = running.cpu();
          long start = System.nanoTime();
          List<Change> undo = List.of(new Change.Delete(tunnel(2)));
          do {
            running.world.target().apply(undo);
          } while (System.nanoTime() - start < 3_000_000_000L);
          Duration spent = running.cpu().minus(before);
          Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
          System.out.println(
              "opponent: "
                  + spent.toMillis()
                  + " ms CPU in "
                  + elapsed.toMillis()
                  + " ms, "
                  + running.report().repairs()
                  + " repairs");
          assertThat(running.report().opponents().getFirst().what()).isEqualTo("route");
          // what quiet has saved up, as much for hearing of it in a cold JVM, and 5 %
          assertThat(spent).isLessThan(Pace.BURST.multipliedBy(2).plus(elapsed.dividedBy(20)));
        });
  }

  @Test // backends.md 15, B17
  void theBlackholeGivesWayToOthersAndComesBack() throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      Network.addParent(world);
      Network network = new Network(HOST_GW, Backends::withBlackholeRoute);
      try (Running running = new Running(world, network)) {
        settled(running);
        Cidr own = Cidr.parse("10.244.1.0/24");
        Route blackhole = new Route(own, new Via.Blackhole());
        Route blackhole6 = new Route(Cidr.parse("fd00:10:244:1::/64"), new Via.Blackhole());
        assertThat(running.has(blackhole) && running.has(blackhole6)).isTrue();

        world.addForeignRoute(own, Ip.parse("10.77.0.40"), 50);
        Running.within(Duration.ofSeconds(2), () -> !running.has(blackhole));
        assertThat(world.routesTo(own)).isEqualTo(1);
        assertThat(running.has(blackhole6)).isTrue();

        world.deleteForeignRoute(own, Ip.parse("10.77.0.40"), 50);
        Running.within(Duration.ofSeconds(2), () -> running.has(blackhole));
      }
    });
  }

  @Test // G1: what ip(8) and bridge(8) show
  void theKernelShowsWhatUpstreamsDoes() throws Exception {
    running(
        VXLAN,
        running -> {
          settled(running, running.network.near(2));
          assertThat(shell("ip", "route", "show", "10.244.2.0/24"))
              .containsExactly("10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink");
          assertThat(shell("ip", "-6", "route", "show", "fd00:10:244:2::/64"))
              .containsExactly(
                  "fd00:10:244:2::/64 via fd00:10:244:2:: dev flannel-v6.1 metric 1024 onlink pref medium");
          assertThat(shell("ip", "neigh", "show", "nud", "permanent", "dev", "flannel.1"))
              .containsExactly("10.244.2.0 lladdr 0a:00:00:00:00:02 PERMANENT");
          assertThat(shell("bridge", "fdb", "show", "dev", "flannel.1"))
              .containsExactly("0a:00:00:00:00:02 dst 10.77.0.2 self permanent");
          assertThat(shell("bridge", "fdb", "show", "dev", "flannel-v6.1"))
              .containsExactly("0a:00:00:00:03:ea dst fd77::2 self permanent");
          assertThat(shell("ip", "-d", "link", "show", "flannel.1").toString())
              .contains("<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue")
              .contains(
                  "vxlan id 1 local 10.77.0.1 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto"
                      + " ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx");
          assertThat(shell("ip", "-d", "link", "show", "flannel-v6.1").toString())
              .contains("mtu 1430")
              .contains("vxlan id 1 local fd77::1 dev eth0 srcport 0 0 dstport 8472 nolearning");
          assertThat(shell("ip", "-4", "-o", "addr", "show", "flannel.1").toString())
              .contains("inet 10.244.1.0/32 scope global flannel.1");
          assertThat(new Sysctl("net/ipv6/conf/flannel.1/accept_ra").read()).contains("0");
        });
  }

  /** In the namespace of this thread, which processes inherit. */
  private static List<String> shell(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text.lines().map(String::strip).toList();
  }
}
