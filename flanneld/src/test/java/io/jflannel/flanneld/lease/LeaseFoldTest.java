// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.LeaseFold.Folded;
import io.jflannel.flanneld.lease.LeaseFold.Rules;
import io.jflannel.net.Cidr;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseFoldTest {

  private static final NetworkConfig V4 =
      AllocatorTest.config(
          Optional.of(AllocatorTest.range("10.5.0.0/16", 24, "10.5.1.0", "10.5.255.0")),
          Optional.empty());
  private static final NetworkConfig DUAL =
      AllocatorTest.config(
          V4.v4(),
          Optional.of(AllocatorTest.range("fd00:5::/48", 64, "fd00:5:0:1::", "fd00:5:0:ffff::")));
  private static final String OWN_KEY = "10.5.1.0-24";

  static String hostGw(String ip) {
    return "{\"PublicIP\":\"" + ip + "\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}";
  }

  static String vxlan(String ip, String mac) {
    return "{\"PublicIP\":\"%s\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"%s\"}}"
        .formatted(ip, mac);
  }

  private static String dual(String ip, String ipv6) {
    return "{\"PublicIP\":\"%s\",\"PublicIPv6\":\"%s\",\"BackendType\":\"host-gw\"}"
        .formatted(ip, ipv6);
  }

  private static Rules rules(NetworkConfig config, String own, String ownKey) {
    return new Rules(config, LeaseText.read(own), Optional.of(ownKey), SubnetKey.parse(ownKey));
  }

  private static final Rules HOST_GW = rules(V4, hostGw("192.0.2.1"), OWN_KEY);
  private static final Rules VXLAN = rules(V4, vxlan("192.0.2.1", "02:00:00:00:00:01"), OWN_KEY);

  /** Keys in the making: name, value, create revision in order of putting. */
  private static final class Keys {
    private final TreeMap<String, Candidate> keys = new TreeMap<>();
    private long revision;

    Keys put(String name, String value) {
      revision++;
      keys.put(name, Candidate.of(name, value, Optional.empty(), revision));
      return this;
    }

    Keys unread(String name, String problem) {
      keys.put(name, Candidate.of(name, "", Optional.of(problem), 1));
      return this;
    }

    Keys delete(String name) {
      keys.remove(name);
      return this;
    }

    Folded fold(Rules rules, Folded before) {
      return LeaseFold.fold(keys.values(), rules, before.accepted());
    }

    Folded fold(Rules rules) {
      return fold(rules, Folded.NONE);
    }
  }

  private static List<String> subnets(Folded folded) {
    return folded.peers().stream().map(lease -> lease.subnets().toString()).toList();
  }

  private static String only(Folded folded) {
    assertThat(folded.refused()).hasSize(1);
    return folded.refused().getFirst().reason();
  }

  @Test
  void leasesOfOthersAreServedInKeyOrderAndOursIsNot() { // EVT-1, ODD-31
    Folded folded =
        new Keys()
            .put("10.5.20.0-24", hostGw("192.0.2.20"))
            .put("10.5.3.0-24", hostGw("192.0.2.3"))
            .put(OWN_KEY, hostGw("192.0.2.1"))
            .fold(HOST_GW);
    assertThat(subnets(folded)).containsExactly("10.5.20.0/24", "10.5.3.0/24");
    assertThat(folded.refused()).isEmpty();
    assertThat(folded.kept()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.5.4.0-25", "10.5.4.0-23", "10.5.4.128-31", "10.5.128.0-17"})
  void anyLengthInsideTheNetworkIsServed(String key) {
    assertThat(new Keys().put(key, hostGw("192.0.2.2")).fold(HOST_GW).peers()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "10.6.1.0-24, 10.6.1.0/24 is not inside the network",
    "10.5.0.0-16, 10.5.0.0/16 is not inside the network",
    "10.0.0.0-8, 10.0.0.0/8 is not inside the network",
    "1.2.3.4-0, 1.2.3.4/0 is not inside the network", // ODD-64
    "10.5.9.7-24, 10.5.9.7/24 has host bits",
    "10.5.1.0-25, 10.5.1.0/25 overlaps our own subnet",
    "10.5.0.0-23, 10.5.0.0/23 overlaps our own subnet",
    "garbage, the key names no subnet",
    "0.0.0.0-0&fd00:5:0:7::-64, no subnet of a family that this network serves"
  })
  void badSubnetsAreRefused(String key, String reason) {
    Folded folded =
        new Keys()
            .put(key, hostGw("192.0.2.2"))
            .put("10.5.7.0-24", hostGw("192.0.2.7"))
            .fold(HOST_GW);
    assertThat(only(folded)).isEqualTo(reason);
    assertThat(subnets(folded)).containsExactly("10.5.7.0/24");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"})
  void absurdAddressesAreRefused(String ip) {
    Folded folded = new Keys().put("10.5.2.0-24", hostGw(ip)).fold(HOST_GW);
    assertThat(folded.peers()).isEmpty();
    assertThat(only(folded)).contains("PublicIP");
  }

  @Test
  void aLeaseOfOursOnAnotherSubnetIsAnOldOneAndIgnored() {
    Folded folded = new Keys().put("10.5.2.0-24", hostGw("192.0.2.1")).fold(HOST_GW);
    assertThat(folded.peers()).isEmpty();
    assertThat(folded.refused()).isEmpty();
  }

  @Test
  void otherBackendTypesAreRefusedUnlessOursWritesNone() { // EVT-4, backends.md 1.5
    Keys keys =
        new Keys()
            .put("10.5.2.0-24", hostGw("192.0.2.2"))
            .put("10.5.3.0-24", "{\"PublicIP\":\"192.0.2.3\"}");
    assertThat(keys.fold(VXLAN).refused())
        .extracting(Refusal::reason)
        .containsExactly(
            "backend type \"host-gw\", ours is \"vxlan\"", "backend type \"\", ours is \"vxlan\"");
    Rules udp = rules(V4, "{\"PublicIP\":\"192.0.2.1\"}", OWN_KEY);
    assertThat(keys.fold(udp).peers()).hasSize(2);
  }

  @Test
  void ofOverlappingLeasesTheOlderIsServed() {
    Folded folded =
        new Keys()
            .put("10.5.8.0-24", hostGw("192.0.2.8"))
            .put("10.5.8.0-21", hostGw("192.0.2.9"))
            .put("10.5.9.0-24", hostGw("192.0.2.10"))
            .fold(HOST_GW);
    assertThat(subnets(folded)).containsExactly("10.5.8.0/24", "10.5.9.0/24");
    assertThat(only(folded)).isEqualTo("10.5.8.0/21 overlaps 10.5.8.0-24");
  }

  @Test
  void whatIsServedStaysServedWhenAnOlderKeyOverlapsIt() {
    Keys keys = new Keys().put("10.5.8.0-24", hostGw("192.0.2.8"));
    Folded before = keys.fold(HOST_GW);
    keys.keys.put(
        "10.5.8.0-21",
        Candidate.of("10.5.8.0-21", hostGw("192.0.2.9"), Optional.empty(), 0)); // an older key
    assertThat(subnets(keys.fold(HOST_GW, before))).containsExactly("10.5.8.0/24");
    assertThat(subnets(keys.fold(HOST_GW))).containsExactly("10.5.8.0/21");
  }

  @Test
  void ourOwnSubnetGoesBeforeAnAcceptedLease() {
    Keys keys = new Keys().put("10.5.1.0-25", hostGw("192.0.2.8"));
    Rules none =
        new Rules(V4, LeaseText.read(hostGw("192.0.2.1")), Optional.empty(), Optional.empty());
    Folded before = keys.fold(none);
    assertThat(before.peers()).hasSize(1);
    assertThat(keys.fold(HOST_GW, before).peers()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "01:00:5e:00:00:01, VtepMAC 01:00:5e:00:00:01 is a group address",
    "00:00:00:00:00:00, VtepMAC is zero",
    "02:00:00:00:00:01, VtepMAC 02:00:00:00:00:01 is our own"
  })
  void badMacsAreRefused(String mac, String reason) {
    Folded folded = new Keys().put("10.5.2.0-24", vxlan("192.0.2.2", mac)).fold(VXLAN);
    assertThat(folded.peers()).isEmpty();
    assertThat(only(folded)).isEqualTo(reason);
  }

  @Test
  void anEmptyMacIsWaitedFor() { // B53
    Folded folded = new Keys().put("10.5.2.0-24", vxlan("192.0.2.2", "")).fold(VXLAN);
    assertThat(folded.peers()).hasSize(1);
    assertThat(folded.refused()).isEmpty();
  }

  @Test
  void oneMacWithTwoAddressesServesTheOlder() {
    String mac = "02:00:00:00:00:07";
    Folded folded =
        new Keys()
            .put("10.5.9.0-24", vxlan("192.0.2.9", mac))
            .put("10.5.2.0-24", vxlan("192.0.2.2", mac))
            .put("10.5.3.0-24", vxlan("192.0.2.9", mac)) // the same node's second lease
            .fold(VXLAN);
    assertThat(subnets(folded)).containsExactly("10.5.3.0/24", "10.5.9.0/24");
    assertThat(only(folded)).isEqualTo("VtepMAC 02:00:00:00:00:07 is that of 10.5.9.0-24");
  }

  @Test
  void nobodyTakesAServedMacByChangingAnOlderLease() {
    Keys keys =
        new Keys()
            .put("10.5.2.0-24", vxlan("192.0.2.2", "02:00:00:00:00:02"))
            .put("10.5.3.0-24", vxlan("192.0.2.3", "02:00:00:00:00:03"));
    Folded before = keys.fold(VXLAN);
    keys.keys.put(
        "10.5.2.0-24",
        Candidate.of("10.5.2.0-24", vxlan("192.0.2.2", "02:00:00:00:00:03"), Optional.empty(), 1));
    assertThat(subnets(keys.fold(VXLAN, before))).containsExactly("10.5.3.0/24");
  }

  @Test
  void anUnreadableValueKeepsTheLastLeaseAndItsSubnet() {
    Keys keys = new Keys().put("10.5.2.0-24", hostGw("192.0.2.2"));
    Folded before = keys.fold(HOST_GW);
    Folded unread = keys.put("10.5.2.0-24", "notjson").fold(HOST_GW, before);
    Folded large = keys.unread("10.5.2.0-24", "too large").fold(HOST_GW, unread);
    for (Folded folded : List.of(unread, large)) {
      assertThat(folded.peers()).isEqualTo(before.peers());
      assertThat(folded.kept()).containsExactly(Cidr.parse("10.5.2.0/24"));
      assertThat(folded.refused()).extracting(Refusal::key).containsExactly("10.5.2.0-24");
    }
    assertThat(keys.fold(HOST_GW).peers()).isEmpty();
    assertThat(keys.delete("10.5.2.0-24").fold(HOST_GW, large)).isEqualTo(Folded.NONE);
  }

  private static Folded halfRead(String subnetV6, Folded before) {
    Subnets both = SubnetKey.parse("10.5.2.0-24&" + subnetV6.replace('/', '-')).orElseThrow();
    Subnets v4 = new Subnets(both.v4(), Optional.empty());
    Candidate half =
        new Candidate.Unreadable(
            "n2",
            both,
            Optional.of(Candidate.Parsed.of("n2", v4, LeaseText.read(hostGw("192.0.2.22")), 1)),
            "data of IPv6",
            1);
    Rules rules = rules(DUAL, dual("192.0.2.1", "2001:db8::1"), "10.5.1.0-24&fd00:5:0:1::-64");
    return LeaseFold.fold(List.of(half), rules, before.accepted());
  }

  @Test // B40
  void aFamilyThatCannotBeReadDoesNotTakeTheOtherAlong() {
    Folded unknown = halfRead("fd00:5:0:2::/64", Folded.NONE);
    assertThat(subnets(unknown)).containsExactly("10.5.2.0/24");
    assertThat(unknown.kept()).containsExactly(Cidr.parse("fd00:5:0:2::/64"));
    assertThat(unknown.refused()).containsExactly(new Refusal("n2", "data of IPv6"));

    Lease last =
        new Lease(
            SubnetKey.parse("10.5.2.0-24&fd00:5:0:2::-64").orElseThrow(),
            LeaseText.read(dual("192.0.2.2", "2001:db8::2")));
    Folded accepted = new Folded(Map.of("n2", last), List.of(last), List.of(), Set.of());
    Folded known = halfRead("fd00:5:0:2::/64", accepted);
    assertThat(known.peers())
        .containsExactly(
            new Lease(last.subnets(), LeaseText.read(dual("192.0.2.22", "2001:db8::2"))));
    assertThat(subnets(halfRead("fd00:5:0:3::/64", accepted))).containsExactly("10.5.2.0/24");
  }

  @Test
  void anUnreadableKeyOutsideTheNetworkKeepsNothing() {
    assertThat(new Keys().put("10.9.2.0-24", "notjson").fold(HOST_GW).kept()).isEmpty();
  }

  @Test
  void familiesAreJudgedOneByOne() {
    Rules rules = rules(DUAL, dual("192.0.2.1", "2001:db8::1"), "10.5.1.0-24&fd00:5:0:1::-64");
    Folded folded =
        new Keys()
            .put("10.5.2.0-24", hostGw("192.0.2.2")) // ODD-25: IPv4 only
            .put("10.5.3.0-24&fd00:5:0:3::-64", dual("192.0.2.3", "2001:db8::3"))
            .put("10.5.4.0-24&fd00:6:0:4::-64", dual("192.0.2.4", "2001:db8::4"))
            .put("10.5.5.0-24&fd00:5:0:5::-64", dual("192.0.2.5", "::1"))
            .put("10.5.6.0-24&fd00:5:0:3::-64", dual("192.0.2.6", "2001:db8::6"))
            .put("0.0.0.0-0&fd00:5:0:7::-64", dual("0.0.0.0", "2001:db8::7"))
            .put("10.5.8.0-24&fd00:5:0:8::-64", dual("192.0.2.8", "2001:db8::1"))
            .fold(rules);
    assertThat(subnets(folded))
        .containsExactly(
            "fd00:5:0:7::/64",
            "10.5.2.0/24",
            "10.5.3.0/24 fd00:5:0:3::/64",
            "10.5.4.0/24",
            "10.5.5.0/24",
            "10.5.6.0/24",
            "10.5.8.0/24");
    assertThat(folded.refused())
        .extracting(Refusal::reason)
        .containsExactly(
            "fd00:6:0:4::/64 is not inside the network",
            "PublicIPv6 ::1 is no node's address",
            "fd00:5:0:3::/64 overlaps 10.5.3.0-24&fd00:5:0:3::-64",
            "PublicIPv6 2001:db8::1 is our own");
  }

  @Test
  void aV4NetworkServesTheV4PartOfADualLease() { // ODD-63
    Folded folded =
        new Keys()
            .put("10.5.3.0-24&fd00:5:0:3::-64", dual("192.0.2.3", "2001:db8::3"))
            .put("10.5.1.0-24&fd00::-64", dual("192.0.2.4", "2001:db8::4"))
            .fold(HOST_GW);
    assertThat(subnets(folded)).containsExactly("10.5.3.0/24");
    assertThat(only(folded)).isEqualTo("10.5.1.0/24 overlaps our own subnet");
  }

  @Test
  void aHistoryOfPeacefulLeasesFoldsLikeItsLastSnapshot() { // EVT-1, EVT-2, ODD-32
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Keys keys = new Keys();
      Folded folded = Folded.NONE;
      for (int step = 0; step < 60; step++) {
        int i = 2 + random.nextInt(30);
        String key = "10.5." + i + ".0-24";
        switch (random.nextInt(4)) {
          case 0 -> keys.delete(key);
          case 1 -> keys.put("stray" + i, "x");
          default -> keys.put(key, vxlan("192.0.2." + i, mac(i, random.nextInt(3))));
        }
        if (random.nextInt(3) > 0) { // several changes coalesce
          folded = keys.fold(VXLAN, folded);
        }
      }
      folded = keys.fold(VXLAN, folded);
      assertThat(folded).as("seed %d", seed).isEqualTo(keys.fold(VXLAN));
    }
  }

  private static String mac(int node, int generation) {
    return "02:00:00:00:%02x:%02x".formatted(generation, node);
  }

  @Test
  void aHistoryOfHostileLeasesNeverServesTwoThatClash() {
    for (int seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      Keys keys = new Keys();
      Folded folded = Folded.NONE;
      for (int step = 0; step < 80; step++) {
        String key = "10.5.%d.0-%d".formatted(random.nextInt(16) & 0x1e, 20 + random.nextInt(6));
        switch (random.nextInt(6)) {
          case 0 -> keys.delete(key);
          case 1 -> keys.put(key, "notjson");
          default ->
              keys.put(key, vxlan("192.0.2." + random.nextInt(6), mac(random.nextInt(4), 0)));
        }
        Folded next = keys.fold(VXLAN, folded);
        assertNoClash(seed, next);
        assertServedStay(seed, folded, next, keys);
        folded = next;
      }
    }
  }

  private static void assertNoClash(int seed, Folded folded) {
    List<Lease> peers = folded.peers();
    Map<VtepMac, Object> macs = new HashMap<>();
    Cidr own = Cidr.parse("10.5.1.0/24");
    for (int i = 0; i < peers.size(); i++) {
      Cidr subnet = peers.get(i).subnets().v4().orElseThrow();
      assertThat(subnet.overlaps(own)).as("seed %d", seed).isFalse();
      for (int j = 0; j < i; j++) {
        assertThat(subnet.overlaps(peers.get(j).subnets().v4().orElseThrow()))
            .as("seed %d", seed)
            .isFalse();
      }
      LeaseAttributes attributes = peers.get(i).attributes();
      Object before =
          macs.put(VtepMac.of(attributes, io.jflannel.net.Family.V4), attributes.publicIp());
      assertThat(before == null || before.equals(attributes.publicIp()))
          .as("seed %d", seed)
          .isTrue();
    }
  }

  /** A served lease whose key was not touched is served on. */
  private static void assertServedStay(int seed, Folded before, Folded after, Keys keys) {
    before
        .accepted()
        .forEach((key, lease) -> {
          boolean untouched =
              keys.keys.get(key) instanceof Candidate.Parsed parsed
                  && parsed.attributes().equals(lease.attributes());
          if (untouched) {
            assertThat(after.accepted()).as("seed %d", seed).containsEntry(key, lease);
          }
        });
  }

  @Test
  void twentyThousandLeasesFoldQuickly() { // issue 3: linear growth per event
    NetworkConfig large =
        AllocatorTest.config(
            Optional.of(AllocatorTest.range("10.0.0.0/8", 24, "10.0.1.0", "10.255.255.0")),
            Optional.empty());
    Rules rules = rules(large, vxlan("192.0.2.1", "02:ff:00:00:00:01"), "10.0.1.0-24");
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 2; i < 20_002; i++) {
      String key = "10.%d.%d.0-24".formatted(i >> 8, i & 255);
      String ip = "172.16.%d.%d".formatted(i >> 8, i & 255);
      candidates.add(Candidate.of(key, vxlan(ip, mac(i & 255, i >> 8)), Optional.empty(), i));
    }
    Folded folded = LeaseFold.fold(candidates, rules, Map.of());
    assertThat(folded.peers()).hasSize(20_000);
    long start = System.nanoTime();
    for (int i = 0; i < 10; i++) {
      folded = LeaseFold.fold(candidates, rules, folded.accepted());
    }
    Duration each = Duration.ofNanos((System.nanoTime() - start) / 10);
    System.out.println("fold of 20,000 leases: " + each.toMillis() + " ms");
    assertThat(each).isLessThan(Duration.ofMillis(500));
  }
}
