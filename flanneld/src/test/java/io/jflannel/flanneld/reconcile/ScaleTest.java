// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backends;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.kernel.NetlinkWorld;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.json.Json;
import io.jflannel.linux.ThreadCpuClock;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Many peers over the real kernel: how many messages, and how much CPU time. */
final class ScaleTest {

  private static final Cidr NETWORK = Cidr.parse("10.0.0.0/8");
  private static final Ip HOSTS = Ip.parse("100.64.0.0");

  @ParameterizedTest
  @CsvSource({"vxlan,1000", "vxlan,5000", "host-gw,5000", "vxlan,20000", "host-gw,20000"})
  void growthIsLinearAndOnePeerCostsAFewMessages(String type, int count) throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      world.addParent("eth0", 1500, List.of(new Cidr(HOSTS.plus(1), 10)));
      var many = new Many(type, world);
      List<Lease> peers = many.peers(count);
      many.measured("first pass", peers);
      assertThat(many.entries()).isEqualTo(many.expected());

      long before = world.target().messages();
      for (int i = 0; i < 5; i++) {
        many.measured("no-op pass", peers);
      }
      assertThat(world.target().messages()).isEqualTo(before);

      List<Lease> more = new ArrayList<>(peers);
      more.add(many.peer(count + 2));
      many.measured("one more", more);
      assertThat(world.target().messages() - before).isBetween(1L, 5L);
      many.measured("one less", peers);
      assertThat(many.entries()).isEqualTo(many.expected());
    });
  }

  @ParameterizedTest
  @CsvSource({"vxlan", "host-gw"})
  void nexthopObjectsComeAboveTheThresholdAndGoBelowTheLower(String type) throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      world.addParent("eth0", 1500, List.of(new Cidr(HOSTS.plus(1), 10)));
      var many = new Many(type, world);
      for (int count : List.of(1_999, 2_001, 1_500, 1_000, 999, 1_500)) {
        many.measured("pass of " + count, many.peers(count));
        assertThat(many.entries()).isEqualTo(many.expected());
        boolean objects =
            many.entries().all().stream().anyMatch(r -> r instanceof Resource.Nexthop);
        assertThat(objects)
            .as("objects at %s", count)
            .isEqualTo(count == 2_001 || many.cameFromAbove(count));
      }
    });
  }

  /** A network of many nodes. */
  private static final class Many {
    private final NetlinkWorld world;
    private final Backend backend;
    private final Ownership ownership;
    private final String type;
    private ExternalInterface external;
    private Optional<Wanted> wanted = Optional.empty();
    private Optional<Pass.Result> last = Optional.empty();
    private boolean above;

    Many(String type, NetlinkWorld world) {
      this.type = type;
      this.world = world;
      Optional<Ip> address = Optional.of(HOSTS.plus(1));
      external =
          new ExternalInterface(
              "eth0", 1, 1500, address, Optional.empty(), address, Optional.empty());
      external = world.surroundings().follow(external).orElseThrow();
      Json.Obj object = (Json.Obj) Json.parse("{\"Type\":\"" + type + "\"}");
      var config =
          new NetworkConfig(
              Optional.of(new AddressRange(NETWORK, 24, NETWORK.ip(), NETWORK.ip())),
              Optional.empty(),
              false,
              type,
              object);
      backend = Backends.of(config, external, _ -> "flannel0");
      ownership =
          new Ownership(
              Optional.of(NETWORK),
              Optional.empty(),
              backend.devices().v4().map(Set::of).orElse(Set.of()),
              Set.of());
    }

    Lease peer(int node) {
      Cidr subnet = new Cidr(NETWORK.ip().plus(256L * node), 24);
      var mac = new MacAddress(0x0a_00_00_00_00_00L + node);
      Json data = Json.parse("{\"VNI\":1,\"VtepMAC\":\"" + mac + "\"}");
      return new Lease(
          new Subnets(Optional.of(subnet), Optional.empty()),
          new LeaseAttributes(
              Optional.of(HOSTS.plus(node)),
              Optional.empty(),
              type,
              Optional.of(data),
              Optional.empty()));
    }

    List<Lease> peers(int count) {
      List<Lease> peers = new ArrayList<>();
      for (int node = 2; node < count + 2; node++) {
        peers.add(peer(node));
      }
      above = count > 2_000 || above && count >= 1_000;
      return peers;
    }

    boolean cameFromAbove(int count) {
      return above && count >= 1_000;
    }

    void measured(String what, List<Lease> peers) throws InterruptedException {
      StoreView view =
          new StoreView(
              new OwnLease.Held(peer(1), Optional.empty(), Optional.empty()),
              peers,
              List.of(),
              Set.of(),
              true,
              new StoreView.Contact(true, Instant.EPOCH, ""),
              Optional.empty());
      long messages = world.target().messages();
      Duration cpu = new ThreadCpuClock().now();
      long start = System.nanoTime();
      var basis = new Wanted.Basis(external, peer(1), Underlay.UNASKED, view);
      Wanted now =
          wanted
              .filter(known -> known.basis().sameAs(basis))
              .orElseGet(() -> Wanted.of(backend, basis));
      var limits = new Plan.Limits(ownership, Set.of(), Plan.Deletion.ALLOWED);
      var result = new Pass(world.target(), limits, NexthopObjects.AUTO, now, () -> false).run();
      long wall = System.nanoTime() - start;
      Duration spent = new ThreadCpuClock().now().minus(cpu);
      wanted = Optional.of(result.wanted());
      last = Optional.of(result);
      assertThat(result.failures()).isEmpty();
      System.out.println(
          type
              + " "
              + peers.size()
              + " "
              + what
              + ": "
              + spent.toNanos() / 1000
              + " us CPU, "
              + wall / 1000
              + " us, "
              + (world.target().messages() - messages)
              + " messages");
    }

    State entries() {
      return world.target().read(Stage.ENTRIES, ownership);
    }

    State expected() {
      return last.orElseThrow().entries();
    }
  }
}
