// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ForwardingTableTest {

  @Test
  void theLongestPrefixWins() {
    long seed = System.nanoTime();
    System.err.println("ForwardingTableTest: seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      Map<Cidr, Ip> routes = routes(random);
      ForwardingTable table = ForwardingTable.of(routes);
      for (int i = 0; i < 300; i++) {
        Ip address = near(random, routes);
        assertThat(Ip.v4(table.nextHop(address.v4Bits())))
            .as("seed %d, %s in %s", seed, address, routes)
            .isEqualTo(expected(routes, address));
      }
    }
  }

  private static Map<Cidr, Ip> routes(Random random) {
    Map<Cidr, Ip> routes = new HashMap<>();
    int count = random.nextInt(40);
    for (int i = 0; i < count; i++) {
      int length = random.nextInt(33);
      Ip address = Ip.v4(random.nextBoolean() ? random.nextInt() : random.nextInt(1 << 12));
      routes.put(new Cidr(address, length).network(), Ip.v4(1 + random.nextInt(1000)));
    }
    return routes;
  }

  /** At the edges of a subnet, or anywhere. */
  private static Ip near(Random random, Map<Cidr, Ip> routes) {
    if (routes.isEmpty() || random.nextInt(4) == 0) {
      return Ip.v4(random.nextInt());
    }
    Cidr subnet = routes.keySet().stream().skip(random.nextInt(routes.size())).findFirst().get();
    Ip edge = random.nextBoolean() ? subnet.ip() : subnet.ip().plus(1L << (32 - subnet.length()));
    return edge.plus(random.nextInt(3) - 1);
  }

  private static int length(Map.Entry<Cidr, Ip> route) {
    return route.getKey().length();
  }

  private static Ip expected(Map<Cidr, Ip> routes, Ip address) {
    return routes.entrySet().stream()
        .filter(route -> route.getKey().contains(address))
        .max(Comparator.comparingInt(ForwardingTableTest::length))
        .map(Map.Entry::getValue)
        .orElse(Ip.V4_ZERO);
  }

  @Test
  void aLargeClusterIsFoundInNoTime() {
    Map<Cidr, Ip> routes = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      routes.put(new Cidr(Ip.v4(0x0a000000 + (i << 8)), 24), Ip.v4(0xac100001 + i));
    }
    ForwardingTable table = ForwardingTable.of(routes);
    for (int i = 0; i < 10_000; i++) {
      assertThat(table.nextHop(0x0a000000 + (i << 8) + i % 256)).isEqualTo(0xac100001 + i);
      assertThat(table.isPeer(0xac100001 + i)).isTrue();
    }
    assertThat(table.isPeer(0xac100000)).isFalse();
    assertThat(table.isPeer(ForwardingTable.NONE)).isFalse();
    assertThat(table.nextHop(0x09ffffff)).isEqualTo(ForwardingTable.NONE);
  }

  @Test
  void onlyIpv4AndRealPeers() {
    Ip hop = Ip.parse("192.0.2.1");
    assertThatThrownBy(() -> ForwardingTable.of(Map.of(Cidr.parse("fd00::/64"), hop)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ForwardingTable.of(Map.of(Cidr.parse("10.5.1.0/24"), Ip.V4_ZERO)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ForwardingTable.EMPTY.nextHop(0x0a050101)).isEqualTo(ForwardingTable.NONE);
  }
}
