// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.kernel.NetlinkWorld;
import io.jflannel.flanneld.kernel.World;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random histories: leases come, go and change, others change the kernel, the daemon restarts. One
 * pass must always lead to exactly the wanted state, from whatever is there.
 */
abstract class HistoryContract {

  abstract void inWorld(NetlinkWorld.Body body) throws Exception;

  abstract int steps();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Type\":\"vxlan\"}",
        "{\"Type\":\"vxlan\",\"DirectRouting\":true,\"Port\":4789}",
        "{\"Type\":\"host-gw\"}"
      })
  void everyHistoryConvergesInOnePass(String backend) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("history of " + backend + ": -Dseed=" + seed);
    inWorld(world -> {
      Network.addParent(world);
      var history = new History(world, new Network(backend), new Random(seed));
      for (int step = 0; step < steps(); step++) {
        history.step("seed " + seed + ", step " + step);
      }
    });
  }

  /** One history. */
  private static final class History {
    private final World world;
    private final Network network;
    private final Random random;
    private final Map<Integer, Lease> peers = new TreeMap<>();
    private ExternalInterface external = Network.external();

    History(World world, Network network, Random random) {
      this.world = world;
      this.network = network;
      this.random = random;
    }

    void step(String name) throws InterruptedException {
      StringBuilder story = new StringBuilder(name);
      for (int i = random.nextInt(4); i >= 0; i--) {
        story.append(": ").append(random.nextBoolean() ? changeLeases() : drift());
      }
      StoreView view = network.view(List.copyOf(peers.values()));
      Pass.Result result = pass(view);
      assertThat(result.failures()).as(story.toString()).isEmpty();
      check(result.wanted(), story.toString());
      assertThat(pass(view).done()).as("again, %s", story).isEmpty();
    }

    private Pass.Result pass(StoreView view) throws InterruptedException {
      external = world.surroundings().follow(external).orElseThrow();
      Ownership ownership = network.ownership();
      var underlay =
          new Ways(world.surroundings())
              .to(network.backend.asksFor(view), ownership.devices(), Ways.Freshness.ASK_AGAIN);
      var basis = new Wanted.Basis(external, network.own(), underlay, view);
      var limits = new Plan.Limits(ownership, Set.of(), Plan.Deletion.ALLOWED);
      return new Pass(
              world.target(),
              limits,
              NexthopObjects.AUTO,
              Wanted.of(network.backend, basis),
              () -> false)
          .run();
    }

    /** Against what the kernel says, not against what the pass believes. */
    private void check(Wanted wanted, String story) {
      assertThat(world.target().read(Stage.ENTRIES, network.ownership()))
          .as(story)
          .isEqualTo(wanted.entries());
      State devices = world.target().read(Stage.DEVICES, network.ownership());
      assertThat(devices.size()).as(story).isEqualTo(wanted.devices().size());
      for (Resource device : wanted.devices().all()) {
        assertThat(devices.get(device.key()))
            .as(story)
            .hasValueSatisfying(found -> assertThat(device.satisfiedBy(found)).isTrue());
      }
    }

    private String changeLeases() {
      int node = 2 + random.nextInt(30);
      return switch (random.nextInt(4)) {
        case 0 -> {
          peers.remove(node);
          yield "peer " + node + " leaves";
        }
        case 1 -> {
          peers.put(node, network.near(node));
          yield "peer " + node + " is near";
        }
        case 2 -> {
          boolean routed = network.backend.devices().v4().isPresent();
          peers.put(node, routed ? network.far(node) : network.near(node));
          yield "peer " + node + " is far";
        }
        default -> {
          String host = "10.77.0." + (100 + node);
          peers.put(node, network.lease(node, host, "fd77::" + (100 + node), 100 + node));
          yield "peer " + node + " has another MAC and address";
        }
      };
    }

    private String drift() {
      boolean tunnels = network.backend.devices().v4().isPresent();
      return tunnels && random.nextInt(3) == 0 ? driftOfDevices() : driftOfEntries(tunnels);
    }

    private String driftOfDevices() {
      String device = random.nextBoolean() ? "flannel.1" : "flannel-v6.1";
      State devices = world.target().read(Stage.DEVICES, network.ownership());
      if (!devices.has(new Resource.Key.Device(device))) {
        return "nothing";
      }
      return switch (random.nextInt(6)) {
        case 0 -> {
          world.deleteLink(device);
          yield device + " deleted";
        }
        case 1 -> {
          world.setUp(device, false);
          yield device + " down";
        }
        case 2 -> {
          world.setMac(device, MacAddress.local(random.nextLong()));
          yield device + " with another MAC";
        }
        case 3 -> {
          world.setMtu(device, 1300);
          yield device + " with another MTU";
        }
        case 4 -> {
          world.deleteLink("eth0");
          Network.addParent(world);
          yield "the parent is re-created";
        }
        default -> {
          world.deleteLink(device);
          world.addBridge(device);
          yield device + " is a bridge";
        }
      };
    }

    private String driftOfEntries(boolean tunnels) {
      List<Resource> found =
          new ArrayList<>(world.target().read(Stage.ENTRIES, network.ownership()).all());
      if (!found.isEmpty() && random.nextBoolean()) {
        Resource lost = found.get(random.nextInt(found.size()));
        world.target().apply(List.of(new Change.Delete(lost)));
        return lost + " deleted";
      }
      int node = 2 + random.nextInt(60);
      Resource stray = stray(node, tunnels);
      // refused where the device is missing: then nothing has happened
      world.target().apply(List.of(new Change.Add(stray)));
      return stray + " added";
    }

    private Resource stray(int node, boolean tunnels) {
      Cidr subnet = Cidr.parse("10.244." + node + ".0/24");
      Ip host = Ip.parse("10.77.0." + (1 + random.nextInt(250)));
      MacAddress mac = new MacAddress(0x0a_00_00_00_00_00L + node);
      return switch (tunnels ? random.nextInt(5) : 0) {
        case 0 -> new Route(subnet, new Via.Gateway("eth0", host, false));
        case 1 -> new Route(subnet, new Via.Gateway("flannel.1", subnet.ip(), true));
        case 2 -> new Neighbour("flannel.1", subnet.ip(), MacAddress.local(random.nextLong()));
        case 3 -> new FdbEntry("flannel.1", mac, host);
        default -> new Route(new Cidr(subnet.ip(), 25), new Via.Blackhole());
      };
    }
  }
}
