// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Routes, nexthop objects and look-ups in the real kernel. */
@ExtendWith(InNamespace.class)
final class RoutesTest {

  private static final Cidr SUBNET = Cidr.parse("10.244.2.0/24");
  private static final Cidr SUBNET6 = Cidr.parse("fd00:10:244:2::/64");

  private RouteSocket socket;
  private Underlay underlay;
  private int vxlan;

  @BeforeEach
  void open() {
    socket = RouteSocket.open();
    underlay = Underlay.create(socket);
    vxlan = underlay.vxlan("flannel.1");
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private List<Route> routes(Family family, int link) {
    return socket.routes(RouteFilter.main(family).withProtocol(Route.BOOT).withLink(link));
  }

  @Test
  void onlinkRoutesOfBothFamilies() { // golden G1
    Route v4 = Route.onlink(SUBNET, SUBNET.ip(), vxlan);
    Route v6 = Route.onlink(SUBNET6, SUBNET6.ip(), vxlan);
    socket.execute(new Request.AddRoute(v4));
    socket.execute(new Request.AddRoute(v6));
    assertThat(routes(Family.V4, vxlan)).containsExactly(v4);
    assertThat(routes(Family.V6, vxlan)).containsExactly(v6.withMetric(1024));
    assertThat(Shell.run("ip route show dev flannel.1"))
        .isEqualToIgnoringWhitespace("10.244.2.0/24 via 10.244.2.0 onlink");
    assertThat(Shell.run("ip -6 route show dev flannel.1"))
        .contains("fd00:10:244:2::/64 via fd00:10:244:2:: metric 1024 onlink pref medium");
    for (Route route : List.of(v4, v6)) {
      Route named = route.withProtocol(Route.ANY_PROTOCOL).withType(RouteType.UNSPECIFIED);
      socket.execute(new Request.DeleteRoute(named));
      assertThat(routes(route.family(), vxlan)).isEmpty();
      assertThatThrownBy(() -> socket.execute(new Request.DeleteRoute(named)))
          .hasMessageContaining("ESRCH");
    }
  }

  @Test
  void theKernelFindsTheDeviceOfADirectRoute() { // golden G6: OIF 0
    socket.execute(new Request.ReplaceRoute(Route.via(SUBNET, Ip.parse("10.77.0.2"))));
    socket.execute(new Request.ReplaceRoute(Route.via(SUBNET6, Ip.parse("fd77::2"))));
    assertThat(routes(Family.V4, underlay.link()))
        .containsExactly(Route.via(SUBNET, Ip.parse("10.77.0.2")).withLink(underlay.link()));
    assertThat(routes(Family.V6, underlay.link()))
        .containsExactly(
            Route.via(SUBNET6, Ip.parse("fd77::2")).withLink(underlay.link()).withMetric(1024));
    assertThatThrownBy(
            () -> socket.execute(new Request.AddRoute(Route.via(SUBNET, Ip.parse("9.9.9.9")))))
        .hasMessageContaining("E"); // EEXIST or ENETUNREACH
  }

  @Test
  void aGatewayThatIsNotOnLinkIsRefusedWithAReason() {
    Route route = Route.via(SUBNET, Ip.parse("192.0.2.1"));
    assertThat(socket.execute(List.of(new Request.AddRoute(route))))
        .singleElement()
        .satisfies(failure -> {
          assertThat(failure.is(Errno.ENETUNREACH)).isTrue();
          assertThat(failure.message()).isEqualTo("Nexthop has invalid gateway");
        });
  }

  @Test
  void addRefusesAndReplaceReplaces() {
    Route first = Route.onlink(SUBNET, SUBNET.ip(), vxlan);
    Route second = Route.via(SUBNET, Ip.parse("10.77.0.2")).withLink(underlay.link());
    socket.execute(new Request.AddRoute(first));
    assertThatThrownBy(() -> socket.execute(new Request.AddRoute(second)))
        .hasMessageContaining("EEXIST");
    socket.execute(new Request.ReplaceRoute(second));
    assertThat(socket.routes(RouteFilter.main(Family.V4).withProtocol(Route.BOOT)))
        .containsExactly(second);
  }

  @Test
  void anIpv6DirectRouteTurnsToTheTunnelInOneBatch() { // B52: replace answers EINVAL
    Route direct =
        Route.via(SUBNET6, Ip.parse("fd77::2")).withLink(underlay.link()).withMetric(1024);
    Route tunnel = Route.onlink(SUBNET6, SUBNET6.ip(), vxlan).withMetric(1024);
    socket.execute(new Request.AddRoute(direct));
    assertThatThrownBy(() -> socket.execute(new Request.ReplaceRoute(tunnel)))
        .hasMessageContaining("EINVAL");
    List<Request> both = List.of(new Request.DeleteRoute(direct), new Request.AddRoute(tunnel));
    assertThat(socket.execute(both)).isEmpty();
    assertThat(routes(Family.V6, vxlan)).containsExactly(tunnel);
    assertThat(routes(Family.V6, underlay.link())).isEmpty();
  }

  @Test
  void blackholes() { // golden G9
    socket.execute(new Request.AddRoute(Route.blackhole(SUBNET)));
    socket.execute(new Request.AddRoute(Route.blackhole(SUBNET6)));
    assertThat(socket.routes(RouteFilter.main(Family.V4).withProtocol(Route.BOOT)))
        .containsExactly(Route.blackhole(SUBNET));
    assertThat(socket.routes(RouteFilter.main(Family.V6).withProtocol(Route.BOOT)))
        .singleElement()
        .satisfies(route -> assertThat(route.type()).isEqualTo(RouteType.BLACKHOLE));
    assertThat(Shell.run("ip route show type blackhole"))
        .isEqualToIgnoringWhitespace("blackhole 10.244.2.0/24");
    assertThatThrownBy(() -> socket.routeTo(Ip.parse("10.244.2.1")))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("EINVAL");
  }

  @Test
  void otherTablesMetricsProtocolsAndSources() {
    Route route =
        Route.to(Cidr.parse("0.0.0.0/0"))
            .withLink(underlay.link())
            .withScope(Route.LINK)
            .withMetric(77)
            .withProtocol(186)
            .withTable(100_000)
            .withPreferredSource(Ip.parse("10.77.0.1"));
    socket.execute(new Request.AddRoute(route));
    assertThat(socket.routes(new RouteFilter(Family.V4, 100_000, 186, underlay.link())))
        .containsExactly(route);
    assertThat(socket.routes(new RouteFilter(Family.V4, 100_000, Route.BOOT, 0))).isEmpty();
    assertThat(socket.routes(new RouteFilter(Family.V4, 0, 186, 0))).containsExactly(route);
    Route whatever = Route.to(route.destination()).withTable(100_000).withScope(Route.NOWHERE);
    socket.execute(
        new Request.DeleteRoute(whatever.withProtocol(0).withType(RouteType.UNSPECIFIED)));
    assertThat(socket.routes(new RouteFilter(Family.V4, 0, 186, 0))).isEmpty();
  }

  @Test
  void ipv4OverAnIpv6Gateway() { // RFC 5549, RTA_VIA
    Route route = Route.via(SUBNET, Ip.parse("fd77::2")).withLink(underlay.link());
    socket.execute(new Request.AddRoute(route));
    assertThat(routes(Family.V4, underlay.link())).containsExactly(route);
    socket.execute(new Request.DeleteRoute(route));
    assertThat(routes(Family.V4, underlay.link())).isEmpty();
  }

  @Test
  void multipathRoutesAreMarked() {
    Shell.run(
        "ip route add 10.99.0.0/16 nexthop via 10.77.0.2 dev eth0 nexthop via 10.77.0.3 dev eth0");
    assertThat(routes(Family.V4, underlay.link()))
        .singleElement()
        .satisfies(route -> {
          assertThat(route.multipath()).isTrue();
          assertThat(route.gateway()).isEmpty();
        });
  }

  @Test
  void routesToIpv4MappedPrefixesAreNotShown() {
    Shell.run("ip -6 route add unreachable ::ffff:0.0.0.0/96 proto boot");
    assertThat(socket.routes(RouteFilter.main(Family.V6).withProtocol(Route.BOOT))).isEmpty();
  }

  @Test
  void nexthopObjectsCarryRoutes() {
    for (Cidr subnet : List.of(SUBNET, SUBNET6)) {
      Nexthop wanted = Nexthop.via(subnet.ip(), vxlan, true, Route.BOOT);
      socket.execute(new Request.AddNexthop(wanted));
      Nexthop actual = socket.nexthops(vxlan, Route.BOOT).getFirst();
      assertThat(actual.id()).isPositive();
      assertThat(actual.withId(0)).isEqualTo(wanted);
      Route route = Route.to(subnet).withNexthop(actual.id());
      socket.execute(new Request.AddRoute(route));
      Route shown = routes(subnet.family(), vxlan).getFirst();
      assertThat(shown.nexthopId()).isEqualTo(actual.id());
      assertThat(shown.gateway()).contains(subnet.ip());
      assertThat(shown.linkIndex()).isEqualTo(vxlan);
      assertThat(shown.onlink()).isTrue();
      Route byGateway = Route.onlink(subnet, subnet.ip(), vxlan);
      if (subnet.family() == Family.V4) { // what upstream sends, architecture.md
        assertThatThrownBy(() -> socket.execute(new Request.DeleteRoute(byGateway)))
            .hasMessageContaining("ESRCH");
      }
      socket.execute(new Request.DeleteRoute(Route.to(subnet)));
      assertThat(routes(subnet.family(), vxlan)).isEmpty();
      socket.execute(new Request.DeleteNexthop(actual.id()));
      assertThat(socket.nexthops(0, 0)).isEmpty();
    }
    assertThatThrownBy(() -> socket.execute(new Request.DeleteNexthop(4711)))
        .hasMessageContaining("ENOENT");
  }

  @Test
  void nexthopsOfOtherKindsAndOwners() {
    Shell.run("ip nexthop add id 5 blackhole proto 186");
    Shell.run("ip nexthop add id 6 via 10.77.0.2 dev eth0 proto 186");
    Shell.run("ip nexthop add id 7 group 6 proto 186");
    assertThat(socket.nexthops(0, 186))
        .extracting(Nexthop::id, Nexthop::kind)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(5, Nexthop.Kind.BLACKHOLE),
            org.assertj.core.groups.Tuple.tuple(6, Nexthop.Kind.SINGLE),
            org.assertj.core.groups.Tuple.tuple(7, Nexthop.Kind.GROUP));
    assertThat(socket.nexthops(underlay.link(), 0)).extracting(Nexthop::id).containsExactly(6);
    assertThat(socket.nexthops(0, Route.BOOT)).isEmpty();
    Nexthop taken = Nexthop.via(Ip.parse("10.77.0.3"), underlay.link(), false, 3).withId(6);
    assertThatThrownBy(() -> socket.execute(new Request.AddNexthop(taken)))
        .hasMessageContaining("EEXIST");
  }

  @Test
  void lookUpsAnswerInOrderRouteOrError() {
    socket.execute(new Request.AddRoute(Route.via(SUBNET, Ip.parse("10.77.0.2"))));
    List<RouteLookup> answers =
        socket.routesTo(
            List.of(
                Ip.parse("10.77.0.9"),
                Ip.parse("192.0.2.1"),
                Ip.parse("10.244.2.7"),
                Ip.parse("fd77::9"),
                Ip.parse("2001:db8::1")));
    assertThat(found(answers.get(0)).gateway()).isEmpty();
    assertThat(found(answers.get(0)).linkIndex()).isEqualTo(underlay.link());
    assertThat(found(answers.get(0)).preferredSource()).contains(Ip.parse("10.77.0.1"));
    assertThat(answers.get(1))
        .isInstanceOfSatisfying(
            RouteLookup.Unreachable.class,
            lost -> assertThat(Errno.ENETUNREACH.is(lost.errno())).isTrue());
    assertThat(found(answers.get(2)).gateway()).contains(Ip.parse("10.77.0.2"));
    assertThat(found(answers.get(3)).linkIndex()).isEqualTo(underlay.link());
    assertThat(answers.get(4)).isInstanceOf(RouteLookup.Unreachable.class);
    assertThat(socket.routeTo(Ip.parse("10.77.0.9"))).isEqualTo(found(answers.get(0)));
    assertThatThrownBy(() -> socket.routeTo(Ip.parse("192.0.2.1")))
        .hasMessageContaining("ENETUNREACH");
  }

  @Test
  void aThousandLookUps() {
    List<Ip> many =
        java.util.stream.IntStream.range(0, 1000)
            .mapToObj(i -> Ip.v4(0x0a4d0000 + i))
            .toList(); // 10.77.0.0/24 is reachable, the rest is not
    List<RouteLookup> answers = socket.routesTo(many);
    assertThat(answers).hasSize(1000);
    for (int i = 0; i < 1000; i++) {
      assertThat(answers.get(i) instanceof RouteLookup.Found)
          .as("%s", many.get(i))
          .isEqualTo(i < 256);
    }
  }

  @Test
  void aLookUpTellsThePathsMtu() {
    Shell.run("ip route add 10.244.3.0/24 via 10.77.0.2 mtu 1300");
    List<RouteLookup> answers =
        socket.routesTo(List.of(Ip.parse("10.244.3.1"), Ip.parse("10.77.0.9")));
    assertThat(answers)
        .extracting(answer -> answer instanceof RouteLookup.Found(_, var mtu) ? mtu : -1)
        .containsExactly(1300, 0);
  }

  private static Route found(RouteLookup lookup) {
    assertThat(lookup).isInstanceOf(RouteLookup.Found.class);
    return ((RouteLookup.Found) lookup).route();
  }

  @Test
  void aDownLinkRefusesRoutesAndLosesThem() {
    Route route = Route.onlink(SUBNET, SUBNET.ip(), vxlan);
    socket.execute(new Request.AddRoute(route));
    socket.execute(new Request.SetLinkUp(vxlan, false));
    assertThat(routes(Family.V4, vxlan)).isEmpty();
    assertThatThrownBy(() -> socket.execute(new Request.AddRoute(route)))
        .hasMessageContaining("ENETDOWN");
  }
}
