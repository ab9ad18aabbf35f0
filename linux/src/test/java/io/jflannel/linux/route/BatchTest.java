// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.Errno;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many requests at once: order, failures in the middle, lost replies, large tables. */
@ExtendWith(InNamespace.class)
final class BatchTest {

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

  private static Cidr subnet(int i) {
    return new Cidr(Ip.v4(0x0af40000 + (i << 8)), 24);
  }

  private static MacAddress mac(int i) {
    return MacAddress.local(i);
  }

  private Neighbour neighbour(int i) {
    return Neighbour.permanent(vxlan, subnet(i).ip(), mac(i));
  }

  private FdbEntry fdb(int i) {
    return FdbEntry.permanent(vxlan, mac(i), Ip.v4(0x0a4d0000 + i));
  }

  private Route route(int i) {
    return Route.onlink(subnet(i), subnet(i).ip(), vxlan);
  }

  @Test
  void anEmptyBatchDoesNothing() {
    assertThat(socket.execute(List.of())).isEmpty();
  }

  @Test
  void failuresInTheMiddleDoNotStopTheOthers() { // semantics.txt 1
    Route hostBits = Route.onlink(new Cidr(Ip.parse("10.244.9.1"), 24), subnet(9).ip(), vxlan);
    List<Request> batch =
        List.of(
            new Request.PutNeighbour(neighbour(0)),
            new Request.PutFdb(fdb(0)),
            new Request.AddRoute(hostBits),
            new Request.AddRoute(route(0)),
            new Request.AddRoute(route(0)),
            new Request.DeleteRoute(route(77)),
            new Request.AddRoute(route(1)));
    List<Failure> failures = socket.execute(batch);
    assertThat(failures).extracting(Failure::index).containsExactly(2, 4, 5);
    assertThat(failures)
        .extracting(Failure::request)
        .containsExactly(batch.get(2), batch.get(4), batch.get(5));
    assertThat(failures.get(0).message()).isEqualTo("Invalid prefix for given prefix length");
    assertThat(failures.get(0).is(Errno.EINVAL)).isTrue();
    assertThat(failures.get(1).is(Errno.EEXIST)).isTrue();
    assertThat(failures.get(2).is(Errno.ESRCH)).isTrue();
    assertThat(failures.get(2).toString()).contains("ESRCH");
    assertThat(socket.neighbours(vxlan, Family.V4)).contains(neighbour(0));
    assertThat(socket.fdb(vxlan)).containsExactly(fdb(0));
    assertThat(socket.routes(RouteFilter.main(Family.V4).withLink(vxlan)))
        .containsExactlyInAnyOrder(route(0), route(1));
  }

  @Test
  void theLastRequestOfABatchMayFailToo() {
    List<Request> batch =
        List.of(new Request.AddRoute(route(0)), new Request.DeleteRoute(route(5)));
    assertThat(socket.execute(batch)).extracting(Failure::index).containsExactly(1);
  }

  @Test
  void failuresOfLaterBatchesCarryTheirPlaceInTheList() {
    List<Request> batch = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      batch.add(i % 239 == 0 ? new Request.DeleteRoute(route(60_000)) : new Request.PutFdb(fdb(i)));
    }
    assertThat(socket.execute(batch))
        .extracting(Failure::index)
        .containsExactly(0, 239, 478, 717, 956);
    assertThat(socket.fdb(vxlan)).hasSize(995);
  }

  @Test
  void aWholeBatchMayFail() {
    List<Request> batch = Collections.nCopies(500, new Request.DeleteRoute(route(1)));
    assertThat(socket.execute(batch)).hasSize(500);
  }

  @Test
  void lostRepliesAreReportedAndTheSocketStaysUsable() { // semantics.txt 7, 8
    try (RouteSocket small = RouteSocket.open(1)) {
      List<Request> failing = Collections.nCopies(200, new Request.DeleteRoute(route(1)));
      assertThatThrownBy(() -> small.execute(failing))
          .isInstanceOfSatisfying(
              RepliesLostException.class, e -> assertThat(e.is(Errno.ENOBUFS)).isTrue());
      assertThat(small.link(vxlan)).isPresent();
      small.execute(new Request.AddRoute(route(3)));
      assertThat(small.routes(RouteFilter.main(Family.V4).withLink(vxlan)))
          .containsExactly(route(3));
    }
  }

  @Test
  void fiveThousandPeersAreReadBackAsWritten() {
    int count = 5000;
    socket.execute(
        IntStream.range(0, count)
            .<Request>mapToObj(
                i -> new Request.AddNexthop(Nexthop.via(subnet(i).ip(), vxlan, true, 3)))
            .toList());
    List<Nexthop> nexthops = socket.nexthops(vxlan, 3);
    assertThat(nexthops).hasSize(count);
    List<Request> peers =
        nexthops.stream()
            .flatMap(nexthop -> {
              int i = (nexthop.gateway().orElseThrow().v4Bits() - 0x0af40000) >> 8;
              return Stream.<Request>of(
                  new Request.PutFdb(fdb(i)),
                  new Request.PutNeighbour(neighbour(i)),
                  new Request.AddRoute(Route.to(subnet(i)).withNexthop(nexthop.id())));
            })
            .toList();
    assertThat(socket.execute(peers)).isEmpty();
    assertThat(socket.fdb(vxlan))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, count).mapToObj(this::fdb).toList());
    assertThat(socket.neighbours(vxlan, Family.V4).stream().filter(Neighbour::permanent).toList())
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, count).mapToObj(this::neighbour).toList());
    List<Route> routes = socket.routes(RouteFilter.main(Family.V4).withLink(vxlan));
    assertThat(routes).hasSize(count);
    assertThat(routes)
        .allSatisfy(route -> {
          assertThat(route.gateway()).contains(route.destination().ip());
          assertThat(route.onlink()).isTrue();
          assertThat(route.nexthopId()).isPositive();
        });
    assertThat(routes.stream().map(Route::destination).distinct()).hasSize(count);
  }

  @Test
  void changesOfOthersDuringAListAreNoError() throws InterruptedException {
    socket.execute(
        IntStream.range(0, 2000).<Request>mapToObj(i -> new Request.PutFdb(fdb(i))).toList());
    Thread opponent =
        io.jflannel.linux.NetworkNamespace.current()
            .start(
                "opponent",
                () -> {
                  try (RouteSocket other = RouteSocket.open()) {
                    for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                      other.execute(
                          List.of(
                              new Request.ReplaceRoute(route(i % 50)),
                              new Request.DeleteFdb(fdb(i % 50)),
                              new Request.PutFdb(fdb(i % 50))));
                    }
                  }
                });
    try {
      for (int i = 0; i < 50; i++) {
        assertThat(socket.fdb(vxlan)).hasSizeGreaterThanOrEqualTo(1950);
        assertThat(socket.routes(RouteFilter.main(Family.V4).withLink(vxlan))).hasSizeLessThan(51);
      }
    } finally {
      opponent.interrupt();
      opponent.join();
    }
  }
}
