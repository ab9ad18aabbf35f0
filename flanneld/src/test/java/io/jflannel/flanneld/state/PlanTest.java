// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Plan.Deletion;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Change.Add;
import io.jflannel.flanneld.state.Target.Change.Delete;
import io.jflannel.flanneld.state.Target.Change.Replace;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class PlanTest {

  private static final Ownership OWNERSHIP =
      new Ownership(
          Optional.of(Cidr.parse("10.244.0.0/16")),
          Optional.of(Cidr.parse("fd00:10:244::/48")),
          Set.of("flannel.1", "flannel-v6.1"),
          Set.of());
  private static final MacAddress MAC = MacAddress.parse("0a:00:00:00:00:01");
  private static final MacAddress OTHER = MacAddress.parse("0a:00:00:00:00:02");

  private static List<Change> plan(State wanted, State actual) {
    return between(wanted, actual, new Plan.Limits(OWNERSHIP, Set.of(), Deletion.ALLOWED));
  }

  private static List<Change> planWithoutDeletion(State wanted, State actual) {
    return between(wanted, actual, new Plan.Limits(OWNERSHIP, Set.of(), Deletion.FORBIDDEN));
  }

  private static List<Change> planKeeping(String kept, State wanted, State actual) {
    Set<Cidr> subnets = Set.of(Cidr.parse(kept));
    return between(wanted, actual, new Plan.Limits(OWNERSHIP, subnets, Deletion.ALLOWED));
  }

  /** Both stages, one after the other. */
  private static List<Change> between(State wanted, State actual, Plan.Limits limits) {
    return Stream.of(Resource.Stage.values())
        .flatMap(
            stage -> Plan.between(stage, wanted.only(stage), actual.only(stage), limits).stream())
        .toList();
  }

  private static State state(Resource... resources) {
    return State.of(List.of(resources));
  }

  private static VxlanDevice device(
      int vni, int port, String parent, String local, MacAddress mac, int mtu, boolean up) {
    return new VxlanDevice(
        "flannel.1",
        vni,
        port,
        parent.isEmpty() ? Optional.empty() : Optional.of(parent),
        local.isEmpty() ? Optional.empty() : Optional.of(Ip.parse(local)),
        mac,
        mtu,
        false,
        false,
        up,
        true);
  }

  private static VxlanDevice wantedDevice() {
    return device(1, 0, "eth0", "10.77.0.1", MAC, 1450, true);
  }

  private static VxlanDevice foundDevice() {
    return device(1, 8472, "eth0", "10.77.0.1", MAC, 1450, true);
  }

  private static FdbEntry fdb(MacAddress mac, String remote) {
    return new FdbEntry("flannel.1", mac, Ip.parse(remote));
  }

  private static Neighbour neighbour(String ip, MacAddress mac) {
    return new Neighbour("flannel.1", Ip.parse(ip), mac);
  }

  private static Route route(String destination, String device, String gateway, boolean onlink) {
    return new Route(Cidr.parse(destination), new Via.Gateway(device, Ip.parse(gateway), onlink));
  }

  private static final Route TUNNEL = route("10.244.2.0/24", "flannel.1", "10.244.2.0", true);
  private static final Route DIRECT = route("10.244.2.0/24", "eth0", "10.77.0.2", false);
  private static final Route TUNNEL6 =
      route("fd00:10:244:2::/64", "flannel-v6.1", "fd00:10:244:2::", true);
  private static final Route DIRECT6 = route("fd00:10:244:2::/64", "eth0", "fd77::2", false);

  @Test
  void nothingToDoIsAnEmptyPlan() {
    State both = state(wantedDevice(), TUNNEL, fdb(MAC, "10.77.0.2"));
    assertThat(plan(both, both)).isEmpty();
    assertThat(plan(state(wantedDevice()), state(foundDevice()))).isEmpty();
  }

  @Test // backends.md 3.2, 3.4
  void aNewDeviceGetsItsSettingAndAddressBeforeItIsSetUp() {
    var acceptRa = DeviceSysctl.acceptRa("flannel.1", "0");
    var address = new DeviceAddress("flannel.1", Cidr.parse("10.244.1.0/32"));
    assertThat(plan(state(address, wantedDevice(), acceptRa), State.empty()))
        .containsExactly(
            new Add(wantedDevice().withUp(false)),
            new Add(acceptRa),
            new Add(address),
            new Replace(wantedDevice(), wantedDevice().withUp(false)));
  }

  @Test // G1.1
  void aDeviceThatCannotBecomeTheWantedOneIsReplacedWithItsAddress() {
    var address = new DeviceAddress("flannel.1", Cidr.parse("10.244.1.0/32"));
    State wanted = state(wantedDevice(), address);
    List<Resource> incompatible =
        List.of(
            device(2, 8472, "eth0", "10.77.0.1", MAC, 1450, true),
            device(1, 8472, "eth1", "10.77.0.1", MAC, 1450, true),
            device(1, 8472, "eth0", "fd77::1", MAC, 1450, true),
            new OtherDevice("flannel.1", "bridge"),
            new VxlanDevice( // l2miss or external
                "flannel.1",
                1,
                8472,
                Optional.of("eth0"),
                Optional.of(Ip.parse("10.77.0.1")),
                MAC,
                1450,
                false,
                false,
                true,
                false));
    for (Resource found : incompatible) {
      assertThat(plan(wanted, state(found, address)))
          .containsExactly(
              new Delete(found),
              new Add(wantedDevice().withUp(false)),
              new Add(address),
              new Replace(wantedDevice(), wantedDevice().withUp(false)));
    }
  }

  @Test // G1.1, B33
  void aDeviceThatCanBecomeTheWantedOneIsChangedInPlace() {
    List<VxlanDevice> adopted =
        List.of(
            device(1, 4789, "eth0", "10.77.0.1", MAC, 1300, true),
            device(1, 8472, "eth0", "10.77.0.55", MAC, 1450, true),
            device(1, 8472, "eth0", "10.77.0.1", OTHER, 1450, true),
            device(1, 8472, "", "", MAC, 1500, true));
    for (VxlanDevice found : adopted) {
      assertThat(plan(state(wantedDevice()), state(found)))
          .containsExactly(new Replace(wantedDevice(), found));
    }
    VxlanDevice down = foundDevice().withUp(false);
    assertThat(plan(state(wantedDevice()), state(down)))
        .containsExactly(new Replace(wantedDevice(), wantedDevice().withUp(false)));
  }

  @Test
  void anotherPortThanTheOneAskedForNeedsANewDevice() {
    VxlanDevice wanted = device(1, 4789, "eth0", "10.77.0.1", MAC, 1450, true);
    assertThat(plan(state(wanted), state(foundDevice()))).contains(new Delete(foundDevice()));
  }

  @Test
  void aSettingThatTheKernelDoesNotHaveIsNotAskedFor() {
    var wanted = DeviceSysctl.acceptRa("flannel.1", "0");
    var missing = DeviceSysctl.acceptRa("flannel.1", DeviceSysctl.MISSING);
    assertThat(plan(state(wantedDevice(), wanted), state(foundDevice(), missing))).isEmpty();
    var on = DeviceSysctl.acceptRa("flannel.1", "1");
    assertThat(plan(state(wantedDevice(), wanted), state(foundDevice(), on)))
        .containsExactly(new Replace(wanted, on));
  }

  @Test
  void formerAddressesAndDevicesGoOnlyWhenDeletionIsAllowed() {
    var address = new DeviceAddress("flannel.1", Cidr.parse("10.244.9.0/32"));
    var former = new OtherDevice("flannel.7", "vxlan");
    State actual = state(foundDevice(), address, former);
    assertThat(plan(state(wantedDevice()), actual))
        .containsExactlyInAnyOrder(new Delete(address), new Delete(former));
    assertThat(planWithoutDeletion(state(wantedDevice()), actual)).isEmpty();
  }

  @Test
  void entriesComeInBeforeOthersGoOutInTheOrderTheKernelNeeds() {
    var nexthop = new Nexthop("flannel.1", Ip.parse("10.244.3.0"), true);
    var old = new Nexthop("flannel.1", Ip.parse("10.244.4.0"), true);
    FdbEntry fdb = fdb(MAC, "10.77.0.3");
    Neighbour neighbour = neighbour("10.244.3.0", MAC);
    FdbEntry oldFdb = fdb(OTHER, "10.77.0.4");
    Neighbour oldNeighbour = neighbour("10.244.4.0", OTHER);
    Route oldRoute = route("10.244.4.0/24", "flannel.1", "10.244.4.0", true);
    assertThat(
            plan(
                state(TUNNEL, neighbour, fdb, nexthop), state(oldRoute, oldNeighbour, oldFdb, old)))
        .containsExactly(
            new Add(nexthop),
            new Add(fdb),
            new Add(neighbour),
            new Add(TUNNEL),
            new Delete(oldRoute),
            new Delete(oldNeighbour),
            new Delete(oldFdb),
            new Delete(old));
  }

  @Test // B52
  void onlyAnIpv6RouteFromAnotherDeviceToATunnelIsDeletedFirst() {
    assertThat(plan(state(TUNNEL6), state(DIRECT6)))
        .containsExactly(new Delete(DIRECT6), new Add(TUNNEL6));
    assertThat(planWithoutDeletion(state(TUNNEL6), state(DIRECT6)))
        .containsExactly(new Delete(DIRECT6), new Add(TUNNEL6));
    assertThat(plan(state(DIRECT6), state(TUNNEL6))).containsExactly(new Replace(DIRECT6, TUNNEL6));
    assertThat(plan(state(TUNNEL), state(DIRECT))).containsExactly(new Replace(TUNNEL, DIRECT));
  }

  @Test
  void furtherObjectsUnderAKeyGoBeforeTheFirstIsReplaced() {
    Route third = route("10.244.2.0/24", "eth0", "10.77.0.9", false);
    State actual = state(DIRECT, third, TUNNEL);
    assertThat(plan(state(TUNNEL), actual))
        .containsExactly(new Delete(third), new Delete(TUNNEL), new Replace(TUNNEL, DIRECT));
    // while nothing may be deleted, the later alternative serves: a replace would answer EEXIST
    assertThat(planWithoutDeletion(state(TUNNEL), actual)).isEmpty();
    assertThat(plan(state(DIRECT), actual)).containsExactly(new Delete(third), new Delete(TUNNEL));
  }

  @Test
  void nothingIsDeletedWhileDeletionIsForbidden() {
    State actual = state(TUNNEL, fdb(MAC, "10.77.0.2"), neighbour("10.244.2.0", MAC));
    assertThat(planWithoutDeletion(State.empty(), actual)).isEmpty();
    assertThat(plan(State.empty(), actual)).hasSize(3);
  }

  @Test
  void foreignRoutesAreReplacedWhereOursIsWantedAndLeftElsewhere() {
    Route foreign = new Route(TUNNEL.destination(), new Via.Foreign("multipath"));
    assertThat(plan(State.empty(), state(foreign))).isEmpty();
    assertThat(plan(state(TUNNEL), state(foreign))).containsExactly(new Replace(TUNNEL, foreign));
  }

  @Test
  void whatServesAKeptSubnetStays() {
    State actual =
        state(
            TUNNEL,
            neighbour("10.244.2.0", MAC),
            fdb(MAC, "10.77.0.2"),
            route("10.244.3.0/24", "flannel.1", "10.244.3.0", true),
            neighbour("10.244.3.0", OTHER),
            fdb(OTHER, "10.77.0.3"));
    assertThat(planKeeping("10.244.2.0/24", State.empty(), actual))
        .containsExactly(
            new Delete(route("10.244.3.0/24", "flannel.1", "10.244.3.0", true)),
            new Delete(neighbour("10.244.3.0", OTHER)),
            new Delete(fdb(OTHER, "10.77.0.3")));
  }

  @Test
  void noFdbEntryGoesWhileAKeptSubnetHasLostItsNeighbour() {
    State actual = state(TUNNEL, fdb(MAC, "10.77.0.2"), fdb(OTHER, "10.77.0.3"));
    assertThat(planKeeping("10.244.2.0/24", State.empty(), actual)).isEmpty();
  }

  @Test
  void nexthopObjectsOfSharedLinksGoOnlyWithOurRoutes() {
    var idle = new Nexthop("eth0", Ip.parse("10.77.0.2"), false);
    var used = new Nexthop("eth0", Ip.parse("10.77.0.3"), false);
    var ours = new Nexthop("flannel.1", Ip.parse("10.244.9.0"), true);
    Route through =
        new Route(
            Cidr.parse("10.244.3.0/24"), new Via.ViaNexthop("eth0", Ip.parse("10.77.0.3"), false));
    assertThat(plan(State.empty(), state(idle, used, ours, through)))
        .containsExactlyInAnyOrder(new Delete(through), new Delete(used), new Delete(ours));
  }
}
