// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Wanted states that depend on what is there: nexthop objects and blackholes. */
final class AdaptationTest {

  private static State routes(int count, String device) {
    List<Resource> routes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Ip gateway = Ip.parse("10.0.0.0").plus(256L * i);
      routes.add(new Route(new Cidr(gateway, 24), new Via.Gateway(device, gateway, true)));
    }
    return State.of(routes);
  }

  private static Map<String, Integer> counted(int count, String device) {
    return NexthopObjects.routes(routes(count, device));
  }

  private static final State PLAIN = State.empty();
  private static final State OBJECTS =
      State.of(List.of(new Nexthop("flannel.1", Ip.parse("10.0.0.0"), true)));

  @Test
  void objectsComeAbove2000AndStayDownTo1000() {
    assertThat(NexthopObjects.AUTO.links(counted(2_000, "flannel.1"), PLAIN)).isEmpty();
    assertThat(NexthopObjects.AUTO.links(counted(2_001, "flannel.1"), PLAIN))
        .containsExactly("flannel.1");
    assertThat(NexthopObjects.AUTO.links(counted(1_000, "flannel.1"), OBJECTS))
        .containsExactly("flannel.1");
    assertThat(NexthopObjects.AUTO.links(counted(999, "flannel.1"), OBJECTS)).isEmpty();
    assertThat(NexthopObjects.AUTO.links(counted(1_500, "eth0"), OBJECTS)).isEmpty();
    assertThat(NexthopObjects.NEVER.links(counted(5_000, "flannel.1"), OBJECTS)).isEmpty();
  }

  @Test
  void onlyIpv4GatewayRoutesOfTheLinkGoThroughObjects() {
    Ip gateway = Ip.parse("10.0.1.0");
    Route ours = new Route(new Cidr(gateway, 24), new Via.Gateway("flannel.1", gateway, true));
    Route other = new Route(Cidr.parse("10.0.2.0/24"), new Via.Gateway("eth0", gateway, false));
    Ip gateway6 = Ip.parse("fd00::");
    Route six = new Route(new Cidr(gateway6, 64), new Via.Gateway("flannel.1", gateway6, true));
    State converted =
        NexthopObjects.through(Set.of("flannel.1"), State.of(List.of(ours, other, six)));
    assertThat(converted)
        .isEqualTo(
            State.of(
                List.of(
                    new Nexthop("flannel.1", gateway, true),
                    new Route(ours.destination(), new Via.ViaNexthop("flannel.1", gateway, true)),
                    other,
                    six)));
  }

  @Test // B17
  void aBlackholeGivesWayToAnyRouteOfOthers() {
    Cidr own = Cidr.parse("10.244.1.0/24");
    Route blackhole = new Route(own, new Via.Blackhole());
    Route bridge = new Route(own, new Via.Foreign("protocol 2 dev cni0"));
    State wanted = State.of(List.of(blackhole));
    assertThat(Blackholes.givingWay(wanted, State.empty(), Set.of(own))).isEqualTo(wanted);
    assertThat(Blackholes.givingWay(wanted, wanted, Set.of(own))).isEqualTo(wanted);
    assertThat(Blackholes.givingWay(wanted, State.of(List.of(bridge)), Set.of(own)))
        .isEqualTo(State.empty());
    // both there, ours first: it would hide the bridge's
    State both = State.of(List.of(blackhole, bridge));
    State left = Blackholes.givingWay(wanted, both, Set.of(own));
    assertThat(left).isEqualTo(State.empty());
  }
}
