// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.kernel.NetlinkWorld;
import io.jflannel.flanneld.state.*;
import io.jflannel.flanneld.state.Resource.*;
import io.jflannel.linux.ThreadCpuClock;
import io.jflannel.linux.route.RouteFilter;
import io.jflannel.net.*;
import java.util.*;
import org.junit.jupiter.api.Test;

final class ScratchTest {
  @Test
  void scratch() throws Exception {
    NetlinkWorld.inNewNamespace((_, world) -> {
      world.addParent("eth0", 1500, List.of(Cidr.parse("100.64.0.1/10")));
      int n = 5000;
      List<Resource> all = new ArrayList<>();
      world
          .target()
          .apply(
              List.of(
                  new Target.Change.Add(
                      new VxlanDevice(
                          "flannel.1",
                          1,
                          0,
                          Optional.of("eth0"),
                          Optional.of(Ip.parse("100.64.0.1")),
                          new MacAddress(0x0a_00_00_00_00_01L),
                          1450,
                          false,
                          false,
                          true,
                          true))));
      for (int i = 2; i < n + 2; i++) {
        Ip gw = Ip.parse("10.0.0.0").plus(256L * i);
        var mac = new MacAddress(0x0a_00_00_00_00_00L + i);
        all.add(new FdbEntry("flannel.1", mac, Ip.parse("100.64.0.0").plus(i)));
        all.add(new Neighbour("flannel.1", gw, mac));
        all.add(new Route(new Cidr(gw, 24), new Via.ViaNexthop("flannel.1", gw, true)));
        all.add(new Nexthop("flannel.1", gw, true));
      }
      State wanted = State.of(all);
      var own =
          new Ownership(
              Optional.of(Cidr.parse("10.0.0.0/8")),
              Optional.empty(),
              Set.of("flannel.1"),
              Set.of());
      var limits = new Plan.Limits(own, Set.of(), Plan.Deletion.ALLOWED);
      System.out.println(world.target().apply(Plan.between(wanted, State.empty(), limits)).size());
      int index = world.others().link("flannel.1").orElseThrow().index();
      for (int i = 0; i < 60; i++) {
        long t0 = new ThreadCpuClock().now().toNanos();
        world.others().routes(RouteFilter.main(Family.V4).withProtocol(3));
        long t1 = new ThreadCpuClock().now().toNanos();
        world.others().neighbours(index, Family.V4);
        long t2 = new ThreadCpuClock().now().toNanos();
        world.others().fdb(index);
        long t3 = new ThreadCpuClock().now().toNanos();
        world.others().nexthops(index, 102);
        long t4 = new ThreadCpuClock().now().toNanos();
        State actual = world.target().read(Stage.ENTRIES, own);
        long t5 = new ThreadCpuClock().now().toNanos();
        int size = Plan.between(wanted, actual, limits).size();
        long t6 = new ThreadCpuClock().now().toNanos();
        State.of(actual.all());
        long t7 = new ThreadCpuClock().now().toNanos();
        if (i % 6 == 5)
          System.out.printf(
              "routes %d neigh %d fdb %d nh %d | read %d plan %d state.of %d us (%d)%n",
              (t1 - t0) / 1000,
              (t2 - t1) / 1000,
              (t3 - t2) / 1000,
              (t4 - t3) / 1000,
              (t5 - t4) / 1000,
              (t6 - t5) / 1000,
              (t7 - t6) / 1000,
              size);
      }
    });
  }
}
