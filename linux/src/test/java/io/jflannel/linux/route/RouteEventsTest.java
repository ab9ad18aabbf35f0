// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Multicast events of the real kernel. */
@ExtendWith(InNamespace.class)
final class RouteEventsTest {

  private static final Set<EventGroup> ALL = EnumSet.allOf(EventGroup.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final MacAddress MAC = MacAddress.parse("0e:00:00:00:00:01");
  private static final Cidr SUBNET = Cidr.parse("10.244.2.0/24");

  private RouteSocket socket;
  private int vxlan;

  @BeforeEach
  void open() {
    socket = RouteSocket.open();
    vxlan = Underlay.create(socket).vxlan("flannel.1");
  }

  @AfterEach
  void close() {
    socket.close();
  }

  /** Reads until an event satisfies the condition; returns all that came. */
  private static List<RouteEvent> until(RouteEvents events, Predicate<RouteEvent> last) {
    List<RouteEvent> seen = new ArrayList<>();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (seen.stream().noneMatch(last)) {
      assertThat(System.nanoTime()).as("not among %s", seen).isLessThan(deadline);
      seen.addAll(events.await(Duration.ofMillis(200)));
    }
    return seen;
  }

  @Test
  void everyKindOfChangeIsTold() {
    int own = socket.portId();
    Neighbour neighbour = Neighbour.permanent(vxlan, SUBNET.ip(), MAC);
    FdbEntry fdb = FdbEntry.permanent(vxlan, MAC, Ip.parse("10.77.0.2"));
    Route route = Route.onlink(SUBNET, SUBNET.ip(), vxlan);
    LinkAddress address = LinkAddress.of(vxlan, Cidr.parse("10.244.1.0/32"));
    try (RouteEvents events = RouteEvents.open(ALL)) {
      socket.execute(new Request.AddAddress(address));
      until(events, e -> isAddress(e, address, false));
      socket.execute(new Request.PutNeighbour(neighbour));
      until(events, e -> e.equals(new RouteEvent.NeighbourChanged(neighbour, own)));
      socket.execute(new Request.PutFdb(fdb));
      until(
          events,
          e -> e instanceof RouteEvent.FdbChanged(FdbEntry entry, int _) && entry.equals(fdb));
      socket.execute(new Request.AddRoute(route));
      until(events, e -> e.equals(new RouteEvent.RouteChanged(route, own)));
      socket.execute(new Request.DeleteRoute(route));
      until(events, e -> e.equals(new RouteEvent.RouteGone(route, own)));
      socket.execute(new Request.DeleteFdb(fdb));
      until(
          events,
          e -> e instanceof RouteEvent.FdbGone(FdbEntry entry, int _) && entry.mac().equals(MAC));
      socket.execute(new Request.DeleteNeighbour(neighbour));
      until(
          events,
          e ->
              e instanceof RouteEvent.NeighbourGone(Neighbour n, int _)
                  && n.ip().equals(SUBNET.ip()));
      socket.execute(new Request.DeleteAddress(address));
      until(events, e -> isAddress(e, address, true));
      socket.execute(new Request.SetLinkMtu(vxlan, 1300));
      until(
          events, e -> e instanceof RouteEvent.LinkChanged(Link link, int _) && link.mtu() == 1300);
      socket.execute(new Request.DeleteLink(vxlan));
      until(
          events, e -> e instanceof RouteEvent.LinkGone(Link link, int _) && link.index() == vxlan);
    }
  }

  private static boolean isAddress(RouteEvent event, LinkAddress wanted, boolean gone) {
    return switch (event) {
      case RouteEvent.AddressChanged(LinkAddress address, int _) ->
          !gone && address.cidr().equals(wanted.cidr());
      case RouteEvent.AddressGone(LinkAddress address, int _) ->
          gone && address.cidr().equals(wanted.cidr());
      default -> false;
    };
  }

  @Test
  void nexthopsComeAndGo() {
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.NEXTHOP))) {
      socket.execute(new Request.AddNexthop(Nexthop.via(SUBNET.ip(), vxlan, true, 3)));
      int id = socket.nexthops(vxlan, 3).getFirst().id();
      until(
          events,
          e ->
              e instanceof RouteEvent.NexthopChanged(Nexthop n, int port)
                  && n.id() == id
                  && port == socket.portId());
      socket.execute(new Request.DeleteNexthop(id));
      until(events, e -> e instanceof RouteEvent.NexthopGone(Nexthop n, int _) && n.id() == id);
    }
  }

  @Test
  void ipv6EventsCome() {
    Route route =
        Route.onlink(Cidr.parse("fd00:10:244:2::/64"), Ip.parse("fd00:10:244:2::"), vxlan);
    LinkAddress address = LinkAddress.of(vxlan, Cidr.parse("fd00:10:244:1::/128"));
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.ROUTE, EventGroup.ADDRESS))) {
      socket.execute(new Request.AddRoute(route));
      socket.execute(new Request.AddAddress(address));
      until(
          events,
          e -> e.equals(new RouteEvent.RouteChanged(route.withMetric(1024), socket.portId())));
      until(events, e -> isAddress(e, address, false));
    }
  }

  @Test
  void othersChangesHaveAnotherPortId() {
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.ROUTE))) {
      Shell.run("ip route add 10.244.2.0/24 via 10.77.0.2");
      List<RouteEvent> seen =
          until(
              events,
              e ->
                  e instanceof RouteEvent.RouteChanged(Route r, int _)
                      && r.destination().equals(SUBNET));
      assertThat(seen)
          .noneMatch(e ->
              e instanceof RouteEvent.RouteChanged(Route _, int port) && port == socket.portId());
    }
  }

  @Test
  void leavingABridgeIsNotTheEndOfADevice() {
    socket.execute(new Request.AddBridge("br0", false));
    int bridge = socket.link("br0").orElseThrow().index();
    int port = socket.link("wire0").orElseThrow().index();
    socket.execute(new Request.SetLinkMaster(port, bridge));
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.LINK))) {
      socket.execute(new Request.SetLinkMaster(port, 0));
      socket.execute(new Request.SetLinkMtu(port, 1234));
      List<RouteEvent> seen =
          until(
              events,
              e -> e instanceof RouteEvent.LinkChanged(Link link, int _) && link.mtu() == 1234);
      assertThat(seen).noneMatch(RouteEvent.LinkGone.class::isInstance);
    }
  }

  @Test
  void theFilterSeesTheHeaderOfEachMessage() {
    List<String> asked = new ArrayList<>();
    EventFilter filter =
        header -> {
          asked.add(
              "%s %s link=%d family=%d table=%d protocol=%d"
                  .formatted(
                      header.group(),
                      header.gone() ? "gone" : "new",
                      header.linkIndex(),
                      header.family(),
                      header.table(),
                      header.protocol()));
          return header.group() == EventGroup.ROUTE && header.portId() != socket.portId();
        };
    try (RouteEvents events = RouteEvents.open(ALL, filter)) {
      socket.execute(new Request.PutFdb(FdbEntry.permanent(vxlan, MAC, Ip.parse("10.77.0.2"))));
      socket.execute(new Request.AddRoute(Route.onlink(SUBNET, SUBNET.ip(), vxlan)));
      socket.execute(new Request.DeleteRoute(Route.to(SUBNET)));
      Shell.run("ip route add 10.99.0.0/16 via 10.77.0.2 table 7 proto 186");
      List<RouteEvent> seen =
          until(
              events,
              e -> e instanceof RouteEvent.RouteChanged(Route r, int _) && r.protocol() == 186);
      assertThat(seen) // the kernel's own IPv6 routes may be among them
          .allMatch(e -> e instanceof RouteEvent.RouteChanged || e instanceof RouteEvent.RouteGone)
          .noneMatch(e ->
              e instanceof RouteEvent.RouteChanged(Route r, int _)
                  && r.destination().equals(SUBNET));
      assertThat(asked)
          .contains(
              "NEIGHBOUR new link=%d family=7 table=0 protocol=0".formatted(vxlan),
              "ROUTE new link=0 family=2 table=254 protocol=3",
              "ROUTE gone link=0 family=2 table=254 protocol=3",
              "ROUTE new link=0 family=2 table=7 protocol=186");
    }
  }

  @Test
  void overflowIsAnEvent() {
    try (RouteEvents events = RouteEvents.open(ALL, EventFilter.ALL, 1)) {
      assertThat(socket.execute(IntStream.range(0, 500).<Request>mapToObj(this::fdb).toList()))
          .isEmpty();
      until(events, RouteEvent.Overflow.class::isInstance);
      while (!events.await(Duration.ZERO).isEmpty()) {
        // what was kept
      }
      socket.execute(new Request.SetLinkMtu(vxlan, 1300));
      until(events, RouteEvent.LinkChanged.class::isInstance);
    }
  }

  @Test
  void aStormIsReadInPortions() {
    int count = 10_000;
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.NEIGHBOUR))) {
      List<Request> storm = IntStream.range(0, count).<Request>mapToObj(this::fdb).toList();
      List<RouteEvent> seen = new ArrayList<>();
      for (int i = 0; i < count; i += 200) {
        socket.execute(storm.subList(i, i + 200));
        List<RouteEvent> portion = events.await(PATIENCE);
        assertThat(portion).hasSizeLessThan(5000);
        seen.addAll(portion);
      }
      while (seen.size() < count) {
        List<RouteEvent> rest = events.await(PATIENCE);
        assertThat(rest).isNotEmpty();
        seen.addAll(rest);
      }
      assertThat(seen).hasSize(count).noneMatch(RouteEvent.Overflow.class::isInstance);
    }
  }

  private Request fdb(int i) {
    return new Request.PutFdb(
        FdbEntry.permanent(vxlan, MacAddress.local(i), Ip.v4(0x0a4d0000 + i)));
  }

  @Test
  void nothingHappensNothingComes() {
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.NEXTHOP))) {
      assertThat(events.await(Duration.ofMillis(20))).isEmpty();
      assertThat(events.await(Duration.ofSeconds(-1))).isEmpty();
    }
  }

  @Test
  void wakeEndsTheWaitFromAnotherThread() throws InterruptedException {
    try (RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.NEXTHOP))) {
      CountDownLatch waiting = new CountDownLatch(1);
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                waiting.countDown();
                assertThat(events.await(Duration.ofDays(365 * 100))).isEmpty();
              });
      waiting.await();
      events.wake();
      waiter.join(PATIENCE);
      assertThat(waiter.isAlive()).isFalse();
      events.wake(); // before the wait: ends the next one
      assertThat(events.await(PATIENCE)).isEmpty();
      assertThat(events.await(Duration.ZERO)).isEmpty();
    }
  }

  @Test
  void wakingAfterCloseDoesNothing() {
    RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.LINK));
    events.close();
    events.wake();
    events.close();
  }

  @Test
  void eventsStayInTheirNamespace() throws InterruptedException {
    try (NetworkNamespace other = NetworkNamespace.anonymous();
        RouteEvents events = RouteEvents.open(EnumSet.of(EventGroup.LINK))) {
      other.run(() -> {
        try (RouteSocket there = RouteSocket.open()) {
          there.execute(new Request.AddBridge("br9", false));
          return there.links().size();
        }
      });
      socket.execute(new Request.AddBridge("br1", false));
      List<RouteEvent> seen =
          until(
              events,
              e ->
                  e instanceof RouteEvent.LinkChanged(Link link, int _)
                      && link.name().equals("br1"));
      assertThat(seen)
          .noneMatch(e ->
              e instanceof RouteEvent.LinkChanged(Link link, int _) && link.name().equals("br9"));
    }
  }
}
