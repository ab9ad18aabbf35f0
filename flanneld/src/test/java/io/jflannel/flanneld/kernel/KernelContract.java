// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import static io.jflannel.flanneld.kernel.Samples.HOST;
import static io.jflannel.flanneld.kernel.Samples.OWNERSHIP;
import static io.jflannel.flanneld.kernel.Samples.address;
import static io.jflannel.flanneld.kernel.Samples.direct;
import static io.jflannel.flanneld.kernel.Samples.direct6;
import static io.jflannel.flanneld.kernel.Samples.fdb;
import static io.jflannel.flanneld.kernel.Samples.flannel1;
import static io.jflannel.flanneld.kernel.Samples.flannelV6;
import static io.jflannel.flanneld.kernel.Samples.mac;
import static io.jflannel.flanneld.kernel.Samples.neighbour;
import static io.jflannel.flanneld.kernel.Samples.tunnel;
import static io.jflannel.flanneld.kernel.Samples.tunnel6;
import static io.jflannel.flanneld.kernel.Samples.vxlan;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What every {@link Target} does; run over the fake kernel and over the real one. */
abstract class KernelContract {

  abstract void inWorld(NetlinkWorld.Body body) throws Exception;

  private static List<Failure> apply(World world, Change... changes) {
    return world.target().apply(List.of(changes));
  }

  private static void add(World world, Resource... resources) {
    for (Resource resource : resources) {
      assertThat(apply(world, new Change.Add(resource))).isEmpty();
    }
  }

  private static State entries(World world) {
    return world.target().read(Stage.ENTRIES, OWNERSHIP);
  }

  private static State devices(World world) {
    return world.target().read(Stage.DEVICES, OWNERSHIP);
  }

  private static VxlanDevice device(World world, VxlanDevice like) {
    return (VxlanDevice) devices(world).get(like.key()).orElseThrow();
  }

  private static void parent(World world) {
    world.addParent("eth0", 1500, HOST);
  }

  @Test
  void anEmptyMachineHasNothingOfOurs() throws Exception {
    inWorld(world -> {
      parent(world);
      assertThat(devices(world)).isEqualTo(State.empty());
      assertThat(entries(world)).isEqualTo(State.empty());
    });
  }

  @Test
  void devicesOfBothFamiliesStandSideBySideWithOneVni() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), flannelV6());

      assertThat(flannel1().satisfiedBy(device(world, flannel1()))).isTrue();
      assertThat(flannelV6().satisfiedBy(device(world, flannelV6()))).isTrue();
      assertThat(device(world, flannel1()).port()).isEqualTo(8472);
    });
  }

  @Test
  void theKernelLimitsTheMtuOfANewDeviceToTheParents() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, vxlan("flannel-v6.1", 1, 0, "fd77::1", Samples.OWN6, 1450));
      assertThat(device(world, flannelV6()).mtu()).isEqualTo(1430);
    });
  }

  @Test
  void aDeviceWithoutItsParentIsRefused() throws Exception {
    inWorld(world -> {
      List<Failure> failures = apply(world, new Change.Add(flannel1()));
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().reason()).startsWith("ENODEV");
    });
  }

  @Test // B55
  void theDeviceInTheWayIsNamed() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, vxlan("other", 1, 0, "10.77.0.1", Samples.OWN6, 1450));
      List<Failure> failures = apply(world, new Change.Add(flannel1()));
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().reason()).startsWith("EEXIST").contains("device other");
    });
  }

  @Test // B33
  void mtuMacLearningLocalAndUpChangeInPlaceAndKeepTheFdb() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), neighbour(2, 7));
      VxlanDevice wanted =
          new VxlanDevice(
              "flannel.1",
              1,
              0,
              Optional.of("eth0"),
              Optional.of(Ip.parse("10.77.0.9")),
              mac(99),
              1300,
              true,
              false,
              false,
              true);
      VxlanDevice found = device(world, flannel1());

      assertThat(apply(world, new Change.Replace(wanted, found))).isEmpty();

      assertThat(wanted.satisfiedBy(device(world, flannel1()))).isTrue();
      // a new MAC drops permanent neighbours, but not the FDB (semantics.txt 6)
      assertThat(entries(world)).isEqualTo(State.of(List.of(fdb(7, 2))));
    });
  }

  @Test // G1.1: neither local nor dev
  void aDeviceCanGetALocalAddressInPlace() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      VxlanDevice moved = vxlan("flannel.1", 1, 0, "10.77.0.55", Samples.OWN, 1450);
      VxlanDevice found = device(world, flannel1());
      assertThat(apply(world, new Change.Replace(moved, found))).isEmpty();
      assertThat(device(world, flannel1()).local()).contains(Ip.parse("10.77.0.55"));
    });
  }

  @Test
  void aDeviceOfAnotherKindIsReportedAndDeleted() throws Exception {
    inWorld(world -> {
      parent(world);
      world.addBridge("flannel.1");
      var bridge = new OtherDevice("flannel.1", "bridge");
      assertThat(devices(world)).isEqualTo(State.of(List.of(bridge)));
      assertThat(apply(world, new Change.Delete(bridge))).isEmpty();
      assertThat(devices(world)).isEqualTo(State.empty());
    });
  }

  @Test
  void aFormerDeviceIsReportedOnlyWithAnAddressInOurNetwork() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, vxlan("flannel.7", 7, 0, "10.77.0.1", mac(1), 1450));
      add(world, vxlan("flannel.8", 8, 0, "10.77.0.1", mac(2), 1450));
      world.addAddress("flannel.7", Cidr.parse("10.244.9.0/32"));
      world.addAddress("flannel.8", Cidr.parse("10.99.9.0/32"));
      assertThat(devices(world))
          .isEqualTo(State.of(List.of(new OtherDevice("flannel.7", "vxlan"))));
    });
  }

  @Test
  void addressesInsideTheNetworkAndTheSettingAreReadAndChanged() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      world.addAddress("flannel.1", Cidr.parse("192.0.2.1/32"));
      DeviceSysctl acceptRa = DeviceSysctl.acceptRa("flannel.1", "0");
      add(world, acceptRa, address("flannel.1", "10.244.1.0/32"));

      State found = devices(world);
      assertThat(acceptRa.satisfiedBy(found.get(acceptRa.key()).orElseThrow())).isTrue();
      assertThat(found.has(address("flannel.1", "10.244.1.0/32").key())).isTrue();
      assertThat(found.has(address("flannel.1", "192.0.2.1/32").key())).isFalse();

      Resource gone = address("flannel.1", "10.244.1.0/32");
      assertThat(apply(world, new Change.Delete(gone), new Change.Delete(gone))).isEmpty();
      assertThat(devices(world).has(gone.key())).isFalse();
    });
  }

  @Test
  void aSettingOfADeviceThatIsNotThereIsAFailure() throws Exception {
    inWorld(world -> {
      List<Failure> failures =
          apply(world, new Change.Add(DeviceSysctl.acceptRa("flannel.1", "0")));
      assertThat(failures).hasSize(1);
    });
  }

  @Test
  void entriesAreReadAsWritten() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), flannelV6());
      List<Resource> wanted =
          List.of(
              fdb(7, 2),
              neighbour(2, 7),
              tunnel(2),
              tunnel6(2),
              direct(3, 3),
              direct6(3, 3),
              new Route(Cidr.parse("10.244.1.0/24"), new Via.Blackhole()),
              new Route(Cidr.parse("fd00:10:244:1::/64"), new Via.Blackhole()));
      add(world, wanted.toArray(Resource[]::new));
      assertThat(entries(world)).isEqualTo(State.of(wanted));
    });
  }

  @Test
  void replacingChangesOneEntryUnderItsKey() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), neighbour(2, 7), tunnel(2));
      apply(
          world,
          new Change.Replace(fdb(7, 3), fdb(7, 2)),
          new Change.Replace(neighbour(2, 8), neighbour(2, 7)),
          new Change.Replace(direct(2, 2), tunnel(2)));
      assertThat(entries(world))
          .isEqualTo(State.of(List.of(fdb(7, 3), neighbour(2, 8), direct(2, 2))));
    });
  }

  @Test // B6
  void deletingWhatIsAbsentIsSuccess() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      assertThat(
              apply(
                  world,
                  new Change.Delete(fdb(7, 2)),
                  new Change.Delete(neighbour(2, 7)),
                  new Change.Delete(tunnel(2)),
                  new Change.Delete(tunnel6(2)),
                  new Change.Delete(new Nexthop("flannel.1", Ip.parse("10.244.2.0"), true)),
                  new Change.Delete(new OtherDevice("flannel.9", "vxlan"))))
          .isEmpty();
    });
  }

  @Test
  void deletingIsExact() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), direct(2, 2), neighbour(3, 7), tunnel(3));
      apply(world, new Change.Delete(fdb(7, 9)), new Change.Delete(direct(2, 9)));
      assertThat(entries(world))
          .isEqualTo(State.of(List.of(fdb(7, 2), direct(2, 2), neighbour(3, 7), tunnel(3))));
      apply(
          world,
          new Change.Delete(fdb(7, 2)),
          new Change.Delete(direct(2, 2)),
          new Change.Delete(neighbour(3, 7)),
          new Change.Delete(tunnel(3)));
      assertThat(entries(world)).isEqualTo(State.empty());
    });
  }

  @Test
  void oneFailureDoesNotStopTheOthersAndSaysWhy() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      Route unreachable =
          new Route(
              Cidr.parse("10.244.5.0/24"), new Via.Gateway("eth0", Ip.parse("192.0.2.1"), false));
      List<Failure> failures =
          apply(
              world,
              new Change.Add(fdb(7, 2)),
              new Change.Add(unreachable),
              new Change.Add(tunnel(2)));
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().change()).isEqualTo(new Change.Add(unreachable));
      assertThat(failures.getFirst().reason()).startsWith("ENETUNREACH");
      assertThat(entries(world)).isEqualTo(State.of(List.of(fdb(7, 2), tunnel(2))));
    });
  }

  @Test
  void entriesNeedTheirDeviceAndRoutesNeedItUp() throws Exception {
    inWorld(world -> {
      parent(world);
      assertThat(apply(world, new Change.Add(fdb(7, 2)))).hasSize(1);
      add(world, flannel1().withUp(false), fdb(7, 2), neighbour(2, 7));
      List<Failure> failures = apply(world, new Change.Add(tunnel(2)));
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().reason()).startsWith("ENETDOWN");
    });
  }

  @Test
  void aDeviceSetDownLosesItsRoutesAndNeighbours() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), neighbour(2, 7), tunnel(2));
      world.setUp("flannel.1", false);
      assertThat(entries(world)).isEqualTo(State.of(List.of(fdb(7, 2))));
    });
  }

  @Test // P1
  void anotherMacLosesTheNeighboursOnly() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), neighbour(2, 7), tunnel(2));
      world.setMac("flannel.1", mac(50));
      assertThat(device(world, flannel1()).mac()).isEqualTo(mac(50));
      assertThat(entries(world)).isEqualTo(State.of(List.of(fdb(7, 2), tunnel(2))));
    });
  }

  @Test // P2
  void aLostParentTakesTheDeviceAndItsEntriesAlong() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), fdb(7, 2), neighbour(2, 7), tunnel(2), direct(3, 3));
      world.deleteLink("eth0");
      assertThat(devices(world)).isEqualTo(State.empty());
      assertThat(entries(world)).isEqualTo(State.empty());
    });
  }

  @Test
  void routesOutsideTheNetworkAndForeignOnesAreNotOurs() throws Exception {
    inWorld(world -> {
      parent(world);
      world.addForeignRoute(Cidr.parse("10.244.40.0/24"), Ip.parse("10.77.0.40"), 0);
      world.addForeignRoute(Cidr.parse("10.244.41.0/24"), Ip.parse("10.77.0.40"), 50);
      world.addForeignRoute(Cidr.parse("10.99.0.0/16"), Ip.parse("10.77.0.40"), 0);
      assertThat(entries(world)).isEqualTo(State.empty());
    });
  }

  @Test // B17
  void contestedPrefixesShowOthersRoutes() throws Exception {
    inWorld(world -> {
      parent(world);
      Cidr own = Cidr.parse("10.244.1.0/24");
      world.addForeignRoute(own, Ip.parse("10.77.0.40"), 50);
      State found = world.target().read(Stage.ENTRIES, OWNERSHIP.withContested(Set.of(own)));
      assertThat(found.all()).hasSize(1);
      assertThat(found.all())
          .allMatch(r -> r instanceof Route(var to, Via.Foreign _) && to.equals(own));
    });
  }

  @Test
  void aRouteOfOursReplacesAForeignOneOfTheSameKey() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      world.addForeignRoute(Cidr.parse("10.244.2.0/24"), Ip.parse("10.77.0.40"), 0);
      add(world, tunnel(2));
      assertThat(entries(world)).isEqualTo(State.of(List.of(tunnel(2))));
      assertThat(world.routesTo(Cidr.parse("10.244.2.0/24"))).isEqualTo(1);
    });
  }

  @Test // B52
  void anIpv6DirectRouteCannotBeReplacedByATunnelButThePlanSwitchesIt() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannelV6(), direct6(2, 2));
      List<Failure> failures = apply(world, new Change.Replace(tunnel6(2), direct6(2, 2)));
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().reason()).startsWith("EINVAL");

      State wanted = State.of(List.of(tunnel6(2)));
      assertThat(world.target().apply(plan(wanted, entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(wanted);
      State back = State.of(List.of(direct6(2, 2)));
      assertThat(world.target().apply(plan(back, entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(back);
    });
  }

  private static List<Change> plan(State wanted, State actual) {
    var limits = new Plan.Limits(OWNERSHIP, Set.of(), Plan.Deletion.ALLOWED);
    return Plan.between(Stage.ENTRIES, wanted, actual, limits);
  }

  @Test
  void nexthopObjectsCarryRoutesAndComeAndGoInPlace() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1(), tunnel(2), tunnel(3));
      Ip gateway2 = Ip.parse("10.244.2.0");
      Ip gateway3 = Ip.parse("10.244.3.0");
      State objects =
          State.of(
              List.of(
                  new Nexthop("flannel.1", gateway2, true),
                  new Nexthop("flannel.1", gateway3, true),
                  new Route(
                      Cidr.parse("10.244.2.0/24"), new Via.ViaNexthop("flannel.1", gateway2, true)),
                  new Route(
                      Cidr.parse("10.244.3.0/24"),
                      new Via.ViaNexthop("flannel.1", gateway3, true))));
      assertThat(world.target().apply(plan(objects, entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(objects);

      State plain = State.of(List.of(tunnel(2)));
      assertThat(world.target().apply(plan(plain, entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(plain);
    });
  }

  @Test
  void aRouteWithoutItsNexthopObjectIsRefused() throws Exception {
    inWorld(world -> {
      parent(world);
      add(world, flannel1());
      var via = new Via.ViaNexthop("flannel.1", Ip.parse("10.244.2.0"), true);
      var route = new Route(Cidr.parse("10.244.2.0/24"), via);
      assertThat(apply(world, new Change.Add(route))).hasSize(1);
    });
  }

  @Test
  void nexthopObjectsOnASharedLinkAreOursOnlyThroughOurRoutes() throws Exception {
    inWorld(world -> {
      parent(world);
      Ip gateway = Ip.parse("10.77.0.2");
      var object = new Nexthop("eth0", gateway, false);
      add(world, object);
      assertThat(entries(world)).isEqualTo(State.empty());
      var via = new Via.ViaNexthop("eth0", gateway, false);
      var route = new Route(Cidr.parse("10.244.2.0/24"), via);
      add(world, route);
      assertThat(entries(world)).isEqualTo(State.of(List.of(object, route)));
    });
  }

  @Test
  void manyChangesInOneCall() throws Exception {
    inWorld(world -> {
      parent(world);
      List<Resource> wanted = new ArrayList<>();
      for (int i = 2; i < 252; i++) {
        wanted.add(fdb(i, i));
        wanted.add(neighbour(i, i));
        wanted.add(tunnel(i));
      }
      add(world, flannel1());
      assertThat(world.target().apply(plan(State.of(wanted), entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(State.of(wanted));
      assertThat(world.target().apply(plan(State.empty(), entries(world)))).isEmpty();
      assertThat(entries(world)).isEqualTo(State.empty());
    });
  }

  @Test
  void theSurroundingsKnowTheInterfaceAndTheWayToPeers() throws Exception {
    inWorld(world -> {
      parent(world);
      Ip near = Ip.parse("10.77.0.2");
      assertThat(world.surroundings().reach(List.of(near, Ip.parse("fd77::2"))))
          .containsExactly(new Reach.Direct("eth0"), new Reach.Direct("eth0"));
      assertThat(world.surroundings().reach(List.of(Ip.parse("192.0.2.1"))))
          .noneMatch(reach -> reach instanceof Reach.Direct);
    });
  }
}
