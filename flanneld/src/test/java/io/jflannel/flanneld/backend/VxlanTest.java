// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import static io.jflannel.flanneld.backend.Samples.DUAL;
import static io.jflannel.flanneld.backend.Samples.V4;
import static io.jflannel.flanneld.backend.Samples.V6;
import static io.jflannel.flanneld.backend.Samples.config;
import static io.jflannel.flanneld.backend.Samples.external;
import static io.jflannel.flanneld.backend.Samples.lease;
import static io.jflannel.flanneld.backend.Samples.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.backend.Backend.Desired;
import io.jflannel.flanneld.backend.Backend.Problem;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VxlanTest {

  private static final String OWN4 = "{\"VNI\":1,\"VtepMAC\":\"ee:fc:d0:91:f1:16\"}";
  private static final String OWN6 = "{\"VNI\":1,\"VtepMAC\":\"ce:fa:42:89:c7:4c\"}";
  private static final String PEER4 = "{\"VNI\":1,\"VtepMAC\":\"fa:59:0a:0c:e4:88\"}";
  private static final String PEER6 = "{\"VNI\":1,\"VtepMAC\":\"8e:e1:7f:76:b0:8a\"}";

  private static final Lease OWN =
      lease("10.244.1.0/24", "fd00:10:244:1::/64", "10.77.0.1", "fd77::1", "vxlan", OWN4, OWN6);

  private static Backend vxlan() {
    return Backends.of(config(DUAL, "{\"Type\":\"vxlan\"}"), external(), _ -> "flannel0");
  }

  private static Lease peer(String data4, String data6) {
    return lease(
        "10.244.2.0/24", "fd00:10:244:2::/64", "10.77.0.2", "fd77::2", "vxlan", data4, data6);
  }

  private static Desired desired(Backend backend, Lease... peers) {
    return backend.desired(external(), OWN, Underlay.UNASKED, view(peers));
  }

  private static List<Resource> peerOf4() {
    MacAddress mac = MacAddress.parse("fa:59:0a:0c:e4:88");
    Ip gateway = Ip.parse("10.244.2.0");
    return List.of(
        new FdbEntry("flannel.1", mac, Ip.parse("10.77.0.2")),
        new Neighbour("flannel.1", gateway, mac),
        new Route(new Cidr(gateway, 24), new Via.Gateway("flannel.1", gateway, true)));
  }

  private static List<Resource> peerOf6() {
    MacAddress mac = MacAddress.parse("8e:e1:7f:76:b0:8a");
    Ip gateway = Ip.parse("fd00:10:244:2::");
    return List.of(
        new FdbEntry("flannel-v6.1", mac, Ip.parse("fd77::2")),
        new Neighbour("flannel-v6.1", gateway, mac),
        new Route(new Cidr(gateway, 64), new Via.Gateway("flannel-v6.1", gateway, true)));
  }

  private static State entries(Desired desired) {
    return desired.state().only(Stage.ENTRIES);
  }

  @Test // G1, backends.md 3.2 and 3.4
  void eachFamilyHasItsDevice() {
    State devices = desired(vxlan()).state();
    assertThat(devices.all())
        .containsExactlyInAnyOrder(
            device("flannel.1", "10.77.0.1", "ee:fc:d0:91:f1:16", 1450),
            device("flannel-v6.1", "fd77::1", "ce:fa:42:89:c7:4c", 1430),
            DeviceSysctl.acceptRa("flannel.1", "0"),
            DeviceSysctl.acceptRa("flannel-v6.1", "0"),
            new DeviceAddress("flannel.1", Cidr.parse("10.244.1.0/32")),
            new DeviceAddress("flannel-v6.1", Cidr.parse("fd00:10:244:1::/128")));
  }

  private static VxlanDevice device(String name, String local, String mac, int mtu) {
    return new VxlanDevice(
        name,
        1,
        0,
        Optional.of("eth0"),
        Optional.of(Ip.parse(local)),
        MacAddress.parse(mac),
        mtu,
        false,
        false,
        true,
        true);
  }

  @Test // G1: VNI 77, Port, GBP, Learning, MTU
  void theConfigurationReachesTheDevice() {
    var backend =
        Backends.of(
            config(
                V4,
                "{\"Type\":\"vxlan\",\"VNI\":77,\"Port\":4789,\"GBP\":true,\"Learning\":true,"
                    + "\"MTU\":1400}"),
            external(),
            _ -> "flannel0");
    assertThat(desired(backend).state().get(new Resource.Key.Device("flannel.77")))
        .contains(
            new VxlanDevice(
                "flannel.77",
                77,
                4789,
                Optional.of("eth0"),
                Optional.of(Ip.parse("10.77.0.1")),
                MacAddress.parse("ee:fc:d0:91:f1:16"),
                1350,
                true,
                true,
                true,
                true));
  }

  @Test
  void theDeviceIsNeverLargerThanItsParentAllows() {
    var backend =
        Backends.of(config(V4, "{\"Type\":\"vxlan\",\"MTU\":9000}"), external(), _ -> "flannel0");
    var device =
        (VxlanDevice)
            desired(backend).state().get(new Resource.Key.Device("flannel.1")).orElseThrow();
    assertThat(device.mtu()).isEqualTo(1450);
    assertThat(backend.mtu(external())).isEqualTo(8950); // FLANNEL_MTU, as upstream writes it
  }

  @Test // B4
  void theLocalAddressIsTheInterfacesNotThePublicOne() {
    ExternalInterface plain = external();
    var nat =
        new ExternalInterface(
            "eth0",
            2,
            1500,
            plain.address4(),
            plain.address6(),
            Optional.of(Ip.parse("198.51.100.7")),
            plain.public6());
    Desired desired = vxlan().desired(nat, OWN, Underlay.UNASKED, view());
    assertThat(desired.state().all())
        .contains(device("flannel.1", "10.77.0.1", "ee:fc:d0:91:f1:16", 1450));
    LeaseAttributes attributes = vxlan().attributes(nat, vteps(), Optional.of(OWN.attributes()));
    assertThat(attributes.publicIp()).contains(Ip.parse("198.51.100.7"));
  }

  private static Backend.Vteps vteps() {
    return new Backend.Vteps(
        MacAddress.parse("02:00:00:00:00:04"), MacAddress.parse("02:00:00:00:00:06"));
  }

  @Test // backends.md 3.3
  void attributesKeepThePublishedMacsAndElseTakeTheGivenOnes() {
    LeaseAttributes fresh = vxlan().attributes(external(), vteps(), Optional.empty());
    assertThat(fresh.backendData().orElseThrow().text())
        .isEqualTo("{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:04\"}");
    assertThat(fresh.backendV6Data().orElseThrow().text())
        .isEqualTo("{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:06\"}");
    assertThat(fresh.backendType()).isEqualTo("vxlan");
    assertThat(vxlan().attributes(external(), vteps(), Optional.of(OWN.attributes())))
        .isEqualTo(OWN.attributes());
    Lease half = peer("{\"VtepMAC\":\"not a mac\"}", OWN6);
    LeaseAttributes kept = vxlan().attributes(external(), vteps(), Optional.of(half.attributes()));
    assertThat(kept.backendData().orElseThrow().text()).contains("02:00:00:00:00:04");
    assertThat(kept.backendV6Data().orElseThrow().text()).isEqualTo(OWN6);
  }

  @Test
  void aFamilyThatIsOffPublishesNoData() {
    var v6 = Backends.of(config(V6, "{\"Type\":\"vxlan\"}"), external(), _ -> "flannel0");
    LeaseAttributes attributes = v6.attributes(external(), vteps(), Optional.empty());
    assertThat(attributes.backendData()).isEmpty();
    assertThat(attributes.backendV6Data()).isPresent();
  }

  @Test // backends.md 3.5, G1
  void aPeerHasThreeEntriesInEachFamily() {
    Desired desired = desired(vxlan(), peer(PEER4, PEER6));
    assertThat(desired.problems()).isEmpty();
    assertThat(entries(desired).all())
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(peerOf4().stream(), peerOf6().stream()).toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"VtepMAC\":\"FA-59-0A-0C-E4-88\"}",
        "{\"vni\":0,\"vtepmac\":\"fa59.0a0c.e488\"}",
        "{\"VtepMAC\":\"fa:59:0a:0c:e4:88\",\"More\":[]}"
      }) // T8, G1.3
  void everyFormOfAMacIsRead(String data) {
    assertThat(entries(desired(vxlan(), peer(data, PEER6))).all()).containsAll(peerOf4());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"VNI\":1}", "{\"VtepMAC\":\"\"}", "{\"VtepMAC\":null}"})
  void aPeerWithoutAMacIsWaitedForInThatFamilyAlone(String data) { // B53, B7
    Desired desired = desired(vxlan(), peer(data, PEER6));
    assertThat(entries(desired).all()).containsExactlyInAnyOrderElementsOf(peerOf6());
    assertThat(desired.problems())
        .extracting(Problem::reason)
        .containsExactly("waits for its VTEP MAC (IPv4)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"VtepMAC\":\"nonsense\"}",
        "{\"VtepMAC\":5}",
        "7",
        "{\"VtepMAC\":\"01:00:5e:00:00:01\"}",
        "{\"VtepMAC\":\"00:00:00:00:00:00\"}",
        "{\"VtepMAC\":\"ee:fc:d0:91:f1:16\"}"
      })
  void anUnusableOrForeignMacIsAProblemOfThatFamilyAlone(String data) {
    Desired desired = desired(vxlan(), peer(data, PEER6));
    assertThat(entries(desired).all()).containsExactlyInAnyOrderElementsOf(peerOf6());
    assertThat(desired.problems()).hasSize(1);
    assertThat(desired.problems().getFirst().reason()).contains("VTEP MAC");
  }

  @Test // B40
  void ipv6DataWithoutAnAddressDoesNotDisturbIpv4() {
    Lease peer =
        lease("10.244.2.0/24", "fd00:10:244:2::/64", "10.77.0.2", "", "vxlan", PEER4, PEER6);
    Desired desired = desired(vxlan(), peer);
    assertThat(entries(desired).all()).containsExactlyInAnyOrderElementsOf(peerOf4());
    assertThat(desired.problems().getFirst().reason()).contains("publishes no IPv6 address");
  }

  @Test // B21, B50
  void aFamilyOfThePeerThatIsOffHereIsIgnored() {
    var v4 = Backends.of(config(V4, "{\"Type\":\"vxlan\"}"), external(), _ -> "flannel0");
    Desired desired = desired(v4, peer(PEER4, PEER6));
    assertThat(entries(desired).all()).containsExactlyInAnyOrderElementsOf(peerOf4());
    assertThat(desired.problems()).isEmpty();
  }

  @Test // backends.md 1.5
  void otherBackendTypesAreProblemsAlsoInAnotherLetterCase() {
    Lease udp = lease("10.244.3.0/24", "", "10.77.0.3", "", "", "", "");
    Lease upper = lease("10.244.4.0/24", "", "10.77.0.4", "", "VXLAN", PEER4, "");
    Desired desired = desired(vxlan(), udp, upper);
    assertThat(entries(desired)).isEqualTo(State.empty());
    assertThat(desired.problems()).extracting(Problem::peer).containsExactly(udp, upper);
  }

  @Test // G1.2
  void aDirectPeerGetsAPlainRouteOnTheLinkFoundAndNothingElse() {
    var backend =
        Backends.of(
            config(DUAL, "{\"Type\":\"vxlan\",\"DirectRouting\":true}"),
            external(),
            _ -> "flannel0");
    Lease peer = peer("", PEER6); // a direct peer needs no MAC
    assertThat(backend.asksFor(view(peer)))
        .containsExactlyInAnyOrder(Ip.parse("10.77.0.2"), Ip.parse("fd77::2"));
    var underlay =
        new Underlay(
            Map.of(
                Ip.parse("10.77.0.2"),
                new Reach.Direct("eth1"),
                Ip.parse("fd77::2"),
                new Reach.Gatewayed("eth0")));
    Desired desired = backend.desired(external(), OWN, underlay, view(peer));
    Route direct =
        new Route(
            Cidr.parse("10.244.2.0/24"), new Via.Gateway("eth1", Ip.parse("10.77.0.2"), false));
    assertThat(desired.problems()).isEmpty();
    assertThat(entries(desired).all()).contains(direct).containsAll(peerOf6()).hasSize(4);
    assertThat(vxlan().asksFor(view(peer))).isEmpty();
  }

  @Test
  void whatTheNodeItselfLacksIsItsOwnProblem() {
    Lease noMac = lease("10.244.1.0/24", "", "10.77.0.1", "fd77::1", "vxlan", "{\"VNI\":1}", OWN6);
    Desired desired = vxlan().desired(external(), noMac, Underlay.UNASKED, view());
    assertThat(desired.state()).isEqualTo(State.empty());
    assertThat(desired.problems()).hasSize(2).allMatch(problem -> problem.peer().equals(noMac));
  }

  @Test // backends.md 15
  void theBlackholeOptionAddsTheOwnSubnets() {
    Backend backend = Backends.withBlackholeRoute(vxlan());
    Desired desired = backend.desired(external(), OWN, Underlay.UNASKED, view());
    assertThat(entries(desired).all())
        .containsExactlyInAnyOrder(
            new Route(Cidr.parse("10.244.1.0/24"), new Via.Blackhole()),
            new Route(Cidr.parse("fd00:10:244:1::/64"), new Via.Blackhole()));
    assertThat(backend.contested(OWN))
        .containsExactlyInAnyOrder(Cidr.parse("10.244.1.0/24"), Cidr.parse("fd00:10:244:1::/64"));
    assertThat(vxlan().contested(OWN)).isEmpty();
  }
}
