// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Links and addresses, and the real kernel's answers to them. */
@ExtendWith(InNamespace.class)
final class RouteSocketTest {

  private static final MacAddress MAC = MacAddress.parse("0e:00:00:00:00:01");
  private static final MacAddress OTHER_MAC = MacAddress.parse("0e:00:00:00:00:02");

  private RouteSocket socket;
  private Underlay underlay;

  @BeforeEach
  void open() {
    socket = RouteSocket.open();
    underlay = Underlay.create(socket);
  }

  @AfterEach
  void close() {
    socket.close();
  }

  @Test
  void loopbackIsListed() {
    Link lo = socket.link("lo").orElseThrow();
    assertThat(lo.loopback()).isTrue();
    assertThat(lo.up()).isTrue();
    assertThat(lo.kind()).isEmpty();
    assertThat(lo.mac()).contains(new MacAddress(0));
    assertThat(socket.links()).contains(lo);
    assertThat(socket.link(lo.index())).contains(lo);
  }

  @Test
  void whatDoesNotExistIsAbsent() {
    assertThat(socket.link("nosuch0")).isEmpty();
    assertThat(socket.link("a-name-that-is-longer-than-any")).isEmpty();
    assertThat(socket.link("")).isEmpty();
    assertThat(socket.link(4711)).isEmpty();
    assertThat(socket.addresses(4711)).isEmpty();
    assertThat(socket.fdb(4711)).isEmpty();
    assertThat(socket.neighbours(4711, Family.V4)).isEmpty();
    assertThat(socket.nexthops(4711, 0)).isEmpty();
    assertThat(socket.links("vxlan")).isEmpty();
    assertThat(socket.links("nosuchkind")).isEmpty();
    for (Family family : Family.values()) {
      assertThat(socket.routes(RouteFilter.main(family).withLink(4711))).isEmpty();
      assertThat(socket.routes(new RouteFilter(family, 4711, 0, 0))).isEmpty();
    }
  }

  @Test
  void anIpv4VxlanDeviceIsAsAskedFor() { // backends.md 3.2, golden G1
    Vxlan wanted = Vxlan.of(1, underlay.link(), Ip.parse("10.77.0.1"), 0);
    socket.execute(new Request.AddVxlan("flannel.1", 1450, Optional.of(MAC), wanted));
    Link link = socket.link("flannel.1").orElseThrow();
    assertThat(link.kind()).isEqualTo("vxlan");
    assertThat(link.mtu()).isEqualTo(1450);
    assertThat(link.mac()).contains(MAC);
    assertThat(link.up()).isFalse();
    Vxlan actual = link.vxlan().orElseThrow();
    assertThat(actual).isEqualTo(Vxlan.of(1, underlay.link(), Ip.parse("10.77.0.1"), 8472));
    assertThat(socket.links("vxlan")).containsExactly(link);
    assertThat(Shell.run("ip -d link show flannel.1"))
        .contains(
            "vxlan id 1 local 10.77.0.1 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto")
        .contains("noudp6zerocsumtx noudp6zerocsumrx")
        .doesNotContain("qlen");
  }

  @Test
  void anIpv6VxlanDeviceWithEveryOption() {
    Vxlan wanted =
        new Vxlan(
            77,
            underlay.link(),
            Optional.of(Ip.parse("fd77::5")),
            Optional.empty(),
            4789,
            true,
            true,
            true,
            true,
            true,
            true,
            false,
            5,
            1);
    socket.execute(new Request.AddVxlan("flannel-v6.77", 0, Optional.empty(), wanted));
    Link link = socket.link("flannel-v6.77").orElseThrow();
    assertThat(link.vxlan()).contains(wanted);
    assertThat(link.mtu()).isEqualTo(1430); // parent - 70
  }

  @Test
  void anExternalVxlanDeviceAndOneWithAGroup() {
    Vxlan external =
        new Vxlan(
            0,
            0,
            Optional.empty(),
            Optional.empty(),
            4000,
            false,
            false,
            false,
            false,
            false,
            false,
            true,
            0,
            0);
    socket.execute(new Request.AddVxlan("ext0", 0, Optional.empty(), external));
    assertThat(socket.link("ext0").orElseThrow().vxlan().orElseThrow().external()).isTrue();
    Vxlan group =
        new Vxlan(
            9,
            underlay.link(),
            Optional.empty(),
            Optional.of(Ip.parse("239.1.1.1")),
            4001,
            true,
            false,
            false,
            false,
            false,
            false,
            false,
            0,
            0);
    socket.execute(new Request.AddVxlan("grp0", 0, Optional.empty(), group));
    assertThat(socket.link("grp0").orElseThrow().vxlan()).contains(group);
  }

  @Test
  void aVxlanDeviceIsChangedInPlace() {
    int index = underlay.vxlan("flannel.1");
    FdbEntry entry = FdbEntry.permanent(index, OTHER_MAC, Ip.parse("10.77.0.9"));
    socket.execute(new Request.PutFdb(entry));
    socket.execute(
        new Request.ChangeVxlan(
            index, Optional.of(Ip.parse("10.77.0.2")), Optional.of(true), Optional.of(7)));
    Vxlan changed = socket.link(index).orElseThrow().vxlan().orElseThrow();
    assertThat(changed.local()).contains(Ip.parse("10.77.0.2"));
    assertThat(changed.learning()).isTrue();
    assertThat(changed.ttl()).isEqualTo(7);
    assertThat(socket.fdb(index)).contains(entry);
    socket.execute(
        new Request.ChangeVxlan(index, Optional.empty(), Optional.of(false), Optional.empty()));
    Vxlan again = socket.link(index).orElseThrow().vxlan().orElseThrow();
    assertThat(again).isEqualTo(changed.withLearning(false));
  }

  @Test
  void refusalsCarryTheErrno() {
    underlay.vxlan("flannel.1");
    Vxlan same = Vxlan.of(1, underlay.link(), Ip.parse("10.77.0.1"), 0);
    assertThatThrownBy(
            () -> socket.execute(new Request.AddVxlan("other", 0, Optional.empty(), same)))
        .isInstanceOfSatisfying(LinuxException.class, e -> assertThat(e.is(Errno.EEXIST)).isTrue());
    Vxlan tooLarge = Vxlan.of(1 << 24, underlay.link(), Ip.parse("10.77.0.1"), 0);
    assertThatThrownBy(
            () -> socket.execute(new Request.AddVxlan("big", 0, Optional.empty(), tooLarge)))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.is(Errno.ERANGE)).isTrue()); // backends 3.1
    assertThatThrownBy(() -> socket.execute(new Request.DeleteLink(4711)))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("ENODEV");
    Request tooSmall = new Request.SetLinkMtu(underlay.link(), 10);
    assertThat(socket.execute(List.of(tooSmall)))
        .singleElement()
        .satisfies(failure -> assertThat(failure.message()).contains("mtu")); // extended ack
  }

  @Test
  void linkAttributesAreChanged() {
    int index = underlay.link();
    socket.execute(new Request.SetLinkMtu(index, 1400));
    socket.execute(new Request.SetLinkMac(index, MAC));
    socket.execute(new Request.SetLinkUp(index, false));
    socket.execute(new Request.RenameLink(index, "eth7"));
    Link link = socket.link("eth7").orElseThrow();
    assertThat(link.mtu()).isEqualTo(1400);
    assertThat(link.mac()).contains(MAC);
    assertThat(link.up()).isFalse();
    socket.execute(new Request.SetLinkUp(index, true));
    assertThat(socket.link(index).orElseThrow().up()).isTrue();
    socket.execute(new Request.DeleteLink(index));
    assertThat(socket.link(index)).isEmpty();
  }

  @Test
  void aBridgeTakesPortsAndLetsThemGo() {
    socket.execute(new Request.AddBridge("br0", false));
    int bridge = socket.link("br0").orElseThrow().index();
    assertThat(socket.link(bridge).orElseThrow().kind()).isEqualTo("bridge");
    assertThat(Shell.run("ip -d link show br0")).contains("mcast_snooping 0");
    socket.execute(new Request.SetLinkMaster(underlay.link(), bridge));
    assertThat(socket.link(underlay.link()).orElseThrow().master()).isEqualTo(bridge);
    assertThat(socket.links()).hasSize(4); // ports are not listed a second time
    socket.execute(new Request.SetLinkMaster(underlay.link(), 0));
    assertThat(socket.link(underlay.link()).orElseThrow().master()).isZero();
  }

  @Test
  void aVethPairReachesIntoAnotherNamespace() throws InterruptedException {
    try (NetworkNamespace other = NetworkNamespace.anonymous()) {
      socket.execute(new Request.AddVeth("veth0", "eth0", Optional.of(other)));
      assertThat(socket.link("veth0").orElseThrow().kind()).isEqualTo("veth");
      assertThat(namesIn(other)).containsExactlyInAnyOrder("lo", "eth0");
    }
  }

  @Test
  void aVethPairInOneNamespaceAndAMove() throws InterruptedException {
    socket.execute(new Request.AddVeth("a", "b", Optional.empty()));
    int moved = socket.link("b").orElseThrow().index();
    try (NetworkNamespace other = NetworkNamespace.anonymous()) {
      socket.execute(new Request.MoveLink(moved, other));
      assertThat(socket.link("b")).isEmpty();
      assertThat(namesIn(other)).containsExactlyInAnyOrder("lo", "b");
    }
  }

  private static List<String> namesIn(NetworkNamespace namespace) throws InterruptedException {
    return namespace.run(() -> {
      try (RouteSocket there = RouteSocket.open()) {
        return there.links().stream().map(Link::name).toList();
      }
    });
  }

  @Test
  void addressesAreAddedListedAndDeleted() {
    int index = underlay.link();
    LinkAddress v4 = LinkAddress.of(index, Cidr.parse("10.244.1.0/32"));
    LinkAddress v6 = LinkAddress.of(index, Cidr.parse("fd00:10:244:1::/128"));
    assertThat(socket.execute(List.of(new Request.AddAddress(v4), new Request.AddAddress(v6))))
        .isEmpty();
    assertThat(socket.addresses(index))
        .filteredOn(address -> address.cidr().equals(v4.cidr()))
        .singleElement()
        .satisfies(address -> {
          assertThat(address.permanent()).isTrue();
          assertThat(address.secondary()).isFalse();
          assertThat(address.scope()).isEqualTo(Route.UNIVERSE);
        });
    assertThat(socket.addresses()).anyMatch(address -> address.cidr().equals(v6.cidr()));
    assertThatThrownBy(() -> socket.execute(new Request.AddAddress(v4)))
        .hasMessageContaining("EEXIST");
    socket.execute(new Request.ReplaceAddress(v4));
    for (LinkAddress own : List.of(v4, v6)) {
      socket.execute(new Request.DeleteAddress(own));
      assertThat(socket.addresses(index)).noneMatch(a -> a.cidr().equals(own.cidr()));
      assertThatThrownBy(() -> socket.execute(new Request.DeleteAddress(own)))
          .hasMessageContaining("EADDRNOTAVAIL");
    }
  }

  @Test
  void addressFlagsArrive() {
    int index = underlay.link();
    LinkAddress nodad =
        new LinkAddress(
            index,
            Cidr.parse("fd77::5/64"),
            Route.UNIVERSE,
            LinkAddress.NODAD | LinkAddress.NOPREFIXROUTE);
    LinkAddress checked = LinkAddress.of(index, Cidr.parse("fd77::6/64"));
    socket.execute(new Request.AddAddress(nodad));
    socket.execute(new Request.AddAddress(checked));
    List<LinkAddress> addresses = socket.addresses(index);
    assertThat(addresses)
        .filteredOn(address -> address.cidr().equals(nodad.cidr()))
        .singleElement()
        .satisfies(address -> {
          assertThat(address.tentative()).isFalse();
          assertThat(address.flags() & LinkAddress.NOPREFIXROUTE).isNotZero();
        });
    assertThat(addresses).anyMatch(a -> a.cidr().equals(checked.cidr()) && a.tentative());
    Cidr second = Cidr.parse("10.77.0.9/24");
    socket.execute(new Request.AddAddress(LinkAddress.of(index, second)));
    assertThat(socket.addresses(index)).anyMatch(a -> a.cidr().equals(second) && a.secondary());
  }
}
