// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import static io.jflannel.flanneld.kernel.Samples.OWNERSHIP;
import static io.jflannel.flanneld.kernel.Samples.fdb;
import static io.jflannel.flanneld.kernel.Samples.mac;
import static io.jflannel.flanneld.kernel.Samples.neighbour;
import static io.jflannel.flanneld.kernel.Samples.tunnel;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.state.Kernel.Disturbance;
import io.jflannel.flanneld.state.Kernel.Interest;
import io.jflannel.flanneld.state.Kernel.Ways;
import io.jflannel.flanneld.state.Kernel.What;
import io.jflannel.flanneld.state.State;
import io.jflannel.linux.route.FdbEntry;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.linux.route.Neighbour;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteEvent;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Device 7 is flannel.1, 2 is eth0; peer 2 is wanted; our port is 99. */
final class RelevanceTest {

  private static final State WANTED = State.of(List.of(tunnel(2), neighbour(2, 7), fdb(7, 2)));

  private static Relevance relevance(Ways ways) {
    var interest = new Interest(OWNERSHIP, "eth0", WANTED, ways);
    return new Relevance(interest, Map.of(7, "flannel.1", 2, "eth0"), 99);
  }

  private static void news(What what, RouteEvent event) {
    assertThat(relevance(Ways.IGNORED).of(event)).map(Disturbance::what).contains(what);
  }

  private static void noNews(RouteEvent event) {
    assertThat(relevance(Ways.IGNORED).of(event)).isEmpty();
  }

  private static Link link(int index, String name) {
    return new Link(index, name, "", Link.UP, 1500, Optional.empty(), 0, Optional.empty());
  }

  private static Route wantedRoute() {
    return Route.onlink(Cidr.parse("10.244.2.0/24"), Ip.parse("10.244.2.0"), 7);
  }

  @Test
  void ourLinksAndTheirAddressesAreNewsAndOthersAreNot() {
    news(What.DEVICE, new RouteEvent.LinkGone(link(7, "flannel.1"), 0));
    news(What.DEVICE, new RouteEvent.LinkChanged(link(12, "eth0"), 5));
    noNews(new RouteEvent.LinkChanged(link(30, "veth123"), 5));
    noNews(new RouteEvent.LinkChanged(link(7, "flannel.1"), 99));
    Cidr cidr = Cidr.parse("10.244.1.0/32");
    news(What.ADDRESS, new RouteEvent.AddressGone(LinkAddress.of(7, cidr), 5));
    noNews(new RouteEvent.AddressGone(LinkAddress.of(30, cidr), 5));
  }

  @Test
  void aRouteIsNewsUnlessItIsAsWanted() {
    noNews(new RouteEvent.RouteChanged(wantedRoute(), 5));
    noNews(new RouteEvent.RouteGone(wantedRoute(), 99));
    news(What.ROUTE, new RouteEvent.RouteGone(wantedRoute(), 5));
    news(What.ROUTE, new RouteEvent.RouteChanged(wantedRoute().withOnlink(false), 5));
    Route stray = Route.via(Cidr.parse("10.244.9.0/24"), Ip.parse("10.77.0.9"));
    news(What.ROUTE, new RouteEvent.RouteChanged(stray, 5));
    noNews(new RouteEvent.RouteGone(stray, 5));
    noNews(new RouteEvent.RouteChanged(stray.withProtocol(Route.STATIC), 5));
    noNews(new RouteEvent.RouteChanged(stray.withTable(100), 5));
  }

  @Test
  void routesElsewhereMatterOnlyWithDirectRouting() {
    Route elsewhere = Route.via(Cidr.parse("192.0.2.0/24"), Ip.parse("10.77.0.9"));
    noNews(new RouteEvent.RouteChanged(elsewhere, 5));
    assertThat(relevance(Ways.MATTER).of(new RouteEvent.RouteGone(elsewhere, 5))).isPresent();
  }

  @Test
  void anyRouteToAContestedPrefixIsNews() {
    Cidr own = Cidr.parse("10.244.1.0/24");
    var interest = new Interest(OWNERSHIP.withContested(Set.of(own)), "eth0", WANTED, Ways.IGNORED);
    Route others = Route.to(own).withProtocol(Route.KERNEL);
    assertThat(new Relevance(interest, Map.of(), 99).of(new RouteEvent.RouteChanged(others, 0)))
        .isPresent();
  }

  @Test
  void neighboursAndFdbAreNewsUnlessAsWantedWhoeverTells() {
    Neighbour wanted = Neighbour.permanent(7, Ip.parse("10.244.2.0"), mac(7));
    noNews(new RouteEvent.NeighbourChanged(wanted, 5));
    news(What.NEIGHBOUR, new RouteEvent.NeighbourGone(wanted, 0));
    Neighbour wrong = Neighbour.permanent(7, Ip.parse("10.244.2.0"), mac(8));
    news(What.NEIGHBOUR, new RouteEvent.NeighbourChanged(wrong, 5));
    noNews(new RouteEvent.NeighbourGone(Neighbour.permanent(2, wanted.ip(), mac(7)), 5));

    FdbEntry entry = FdbEntry.permanent(7, mac(7), Ip.parse("10.77.0.2"));
    noNews(new RouteEvent.FdbChanged(entry, 0)); // the kernel never says that it was us
    news(What.FDB, new RouteEvent.FdbGone(entry, 0));
    news(
        What.FDB, new RouteEvent.FdbChanged(FdbEntry.permanent(7, mac(7), Ip.parse("1.2.3.4")), 0));
    noNews(new RouteEvent.FdbGone(FdbEntry.permanent(7, mac(9), Ip.parse("1.2.3.4")), 0));
    var learned = new FdbEntry(7, mac(9), Optional.empty(), Neighbour.REACHABLE, FdbEntry.SELF);
    noNews(new RouteEvent.FdbChanged(learned, 0));
  }

  @Test
  void lostEventsAreNews() {
    news(What.UNKNOWN, new RouteEvent.Overflow());
  }
}
