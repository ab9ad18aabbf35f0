// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.lease.Allocator.Result;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class AllocatorTest {

  private static final RandomGenerator RANDOM = new Random(7);

  static AddressRange range(String network, int length, String min, String max) {
    return new AddressRange(Cidr.parse(network), length, Ip.parse(min), Ip.parse(max));
  }

  static NetworkConfig config(Optional<AddressRange> v4, Optional<AddressRange> v6) {
    return new NetworkConfig(v4, v6, false, "vxlan", new Json.Obj(List.of()));
  }

  private static final AddressRange UT =
      range("10.3.0.0/16", 24, "10.3.1.0", "10.3.25.0"); // spec 6.5
  private static final AddressRange V6 =
      range("2001:cafe:42::/56", 64, "2001:cafe:42:1::", "2001:cafe:42:ff::");

  private static NetworkConfig v4(AddressRange range) {
    return config(Optional.of(range), Optional.empty());
  }

  static List<Subnets> taken(String... keys) {
    List<Subnets> taken = new ArrayList<>();
    for (String key : keys) {
      taken.add(SubnetKey.parse(key).orElseThrow());
    }
    return taken;
  }

  private static Wish wish(String cidr) {
    Optional<Cidr> subnet = Optional.of(Cidr.parse(cidr));
    return subnet.get().ip().isV4()
        ? new Wish(subnet, Optional.empty())
        : new Wish(Optional.empty(), subnet);
  }

  private static Subnets found(Result result) {
    assertThat(result).isInstanceOf(Result.Found.class);
    return ((Result.Found) result).subnets();
  }

  private static String v4Of(NetworkConfig config, List<Subnets> taken, Wish wish) {
    return found(Allocator.allocate(config, taken, wish, RANDOM)).v4().orElseThrow().toString();
  }

  /** All subnets that are ever chosen. */
  private static SortedSet<String> chosen(NetworkConfig config, List<Subnets> taken) {
    SortedSet<String> chosen = new TreeSet<>();
    for (int i = 0; i < 3_000; i++) {
      chosen.add(v4Of(config, taken, Wish.NONE));
    }
    return chosen;
  }

  @Test
  void freeSubnetsOfTheRangeAreChosen() { // 6.5, UT
    TreeSet<String> wanted = new TreeSet<>(List.of("10.3.3.0/24"));
    for (int i = 6; i <= 25; i++) {
      wanted.add("10.3." + i + ".0/24");
    }
    assertThat(
            chosen(
                v4(UT),
                taken("10.3.1.0-24", "10.3.2.0-24", "10.3.4.0-24", "10.3.5.0-24", "10.3.31.0-24")))
        .isEqualTo(wanted);
  }

  @Test
  void oneOfTheFirstHundredIsChosenUniformly() { // ETC-10
    NetworkConfig config = v4(range("10.0.0.0/8", 24, "10.0.1.0", "10.255.255.0"));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 20_000; i++) {
      counts.merge(v4Of(config, taken("10.0.2.0-24"), Wish.NONE), 1, Integer::sum);
    }
    assertThat(counts).hasSize(100).containsKey("10.0.101.0/24").doesNotContainKey("10.0.2.0/24");
    assertThat(counts.values()).allMatch(count -> count > 120 && count < 300);
  }

  @Test
  void subnetsOfOtherLengthsBlockWhatTheyOverlap() { // ETC-10
    AddressRange range = range("10.3.0.0/24", 26, "10.3.0.0", "10.3.0.192");
    assertThat(chosen(v4(range), taken("10.3.0.0-28", "10.3.0.128-25")))
        .containsExactly("10.3.0.64/26");
    assertThat(chosen(v4(UT), taken("10.3.8.0-21", "10.3.16.0-21", "10.3.0.0-22", "10.3.4.0-31")))
        .containsExactly(
            "10.3.24.0/24", "10.3.25.0/24", "10.3.5.0/24", "10.3.6.0/24", "10.3.7.0/24");
  }

  @Test
  void whatIsNotInsideTheNetworkBlocksNothing() { // ODD-64
    List<Subnets> taken = taken("1.2.3.4-0", "10.0.0.0-8", "10.3.0.0-16", "10.4.1.0-24");
    assertThat(chosen(v4(UT), taken)).hasSize(25);
  }

  @Test
  void theWalkEndsWithTheAddressSpace() { // ODD-38
    AddressRange range = range("255.255.255.0/24", 26, "255.255.255.64", "255.255.255.192");
    List<Subnets> all = taken("255.255.255.64-26", "255.255.255.128-26", "255.255.255.192-26");
    assertThat(Allocator.allocate(v4(range), all, Wish.NONE, RANDOM))
        .isInstanceOf(Result.Exhausted.class);
    assertThat(chosen(v4(range), all.subList(0, 2))).containsExactly("255.255.255.192/26");
  }

  @Test
  void exhaustionNamesUsedAndTotal() { // P14
    AddressRange range = range("10.3.0.0/24", 26, "10.3.0.64", "10.3.0.192");
    Result result =
        Allocator.allocate(v4(range), taken("10.3.0.64-26", "10.3.0.128-25"), Wish.NONE, RANDOM);
    assertThat(((Result.Exhausted) result).text())
        .isEqualTo(
            "out of subnets: 3 of 3 IPv4 subnets of length 26 between 10.3.0.64 and 10.3.0.192 are used (2 leases in 10.3.0.0/24)");
  }

  @Test
  void aRangeTheWrongWayRoundIsExhausted() { // 3.2: SubnetMin > SubnetMax is accepted
    AddressRange range = range("10.3.0.0/16", 24, "10.3.9.0", "10.3.5.0");
    assertThat(Allocator.allocate(v4(range), List.of(), Wish.NONE, RANDOM))
        .isInstanceOfSatisfying(
            Result.Exhausted.class,
            exhausted -> {
              assertThat(exhausted.total()).isZero();
              assertThat(exhausted.text()).endsWith(" is above SubnetMax 10.3.5.0");
            });
  }

  @Test
  void aWishIsGrantedIfItFitsAndIsFree() { // 6.5, ODD-65
    assertThat(v4Of(v4(UT), List.of(), wish("10.3.6.0/24"))).isEqualTo("10.3.6.0/24");
    for (String bad : List.of("10.4.1.0/24", "10.3.26.0/24", "10.3.0.0/24", "10.3.6.0/25")) {
      assertThat(v4Of(v4(UT), List.of(), wish(bad))).isNotEqualTo(bad);
    }
    for (String key : List.of("10.3.6.0-24", "10.3.6.0-25", "10.3.6.128-26", "10.3.0.0-20")) {
      assertThat(v4Of(v4(UT), taken(key), wish("10.3.6.0/24"))).isNotEqualTo("10.3.6.0/24");
    }
  }

  @Test
  void familiesChooseOnTheirOwn() { // ODD-13, ODD-56
    NetworkConfig dual = config(Optional.of(UT), Optional.of(V6));
    Subnets first = found(Allocator.allocate(dual, List.of(), wish("10.3.6.0/24"), RANDOM));
    assertThat(first.v4()).contains(Cidr.parse("10.3.6.0/24"));
    assertThat(first.v6()).isPresent();

    Wish both = new Wish(first.v4(), first.v6());
    assertThat(found(Allocator.allocate(dual, List.of(), both, RANDOM))).isEqualTo(first);
    Subnets other =
        found(Allocator.allocate(dual, taken("10.3.6.0-24"), both, RANDOM)); // ODD-25: v4 only
    assertThat(other.v4()).isNotEqualTo(first.v4());
    assertThat(other.v6()).isEqualTo(first.v6());
  }

  @Test // a key names both: who meets in one family only would not notice
  void twoThatChooseAtOnceMeetInBothFamiliesOrInNone() {
    AddressRange few = range("10.3.0.0/16", 24, "10.3.1.0", "10.3.25.0");
    NetworkConfig dual = config(Optional.of(few), Optional.of(V6));
    List<Subnets> taken = taken("10.3.4.0-24", "10.3.9.0-24");
    int met = 0;
    for (int i = 0; i < 2_000; i++) {
      Subnets one = found(Allocator.allocate(dual, taken, Wish.NONE, RANDOM));
      Subnets two = found(Allocator.allocate(dual, taken, Wish.NONE, RANDOM));
      assertThat(one.v4().equals(two.v4())).isEqualTo(one.v6().equals(two.v6()));
      met += one.equals(two) ? 1 : 0;
    }
    assertThat(met).isBetween(20, 300); // one in 23
  }

  @Test
  void onlyEnabledFamiliesGetASubnet() { // ODD-13: v6-only with other leases present
    NetworkConfig v6 = config(Optional.empty(), Optional.of(V6));
    Subnets subnets =
        found(
            Allocator.allocate(
                v6, taken("0.0.0.0-0&2001:cafe:42:1::-64"), wish("10.3.6.0/24"), RANDOM));
    assertThat(subnets.v4()).isEmpty();
    assertThat(subnets.v6().orElseThrow()).isNotEqualTo(Cidr.parse("2001:cafe:42:1::/64"));
  }

  @Test
  void oneFamilyExhaustedIsExhausted() {
    AddressRange tiny = range("2001:cafe:42::/56", 64, "2001:cafe:42:1::", "2001:cafe:42:1::");
    NetworkConfig dual = config(Optional.of(UT), Optional.of(tiny));
    Result result =
        Allocator.allocate(dual, taken("10.3.1.0-24&2001:cafe:42:1::-64"), Wish.NONE, RANDOM);
    assertThat(((Result.Exhausted) result).text()).contains("1 of 1 IPv6 subnets");
  }

  @Test
  void agreesWithTheNaiveWalk() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      AddressRange range = range("10.3.0.0/24", 28, "10.3.0.16", "10.3.0.224");
      List<Subnets> taken = new ArrayList<>();
      for (int i = random.nextInt(9); i > 0; i--) {
        int length = 25 + random.nextInt(6);
        Ip ip = Ip.parse("10.3.0.0").plus(random.nextInt(256));
        taken.add(new Subnets(Optional.of(new Cidr(ip, length)), Optional.empty()));
      }
      List<Cidr> free = new ArrayList<>();
      for (int i = 16; i <= 224; i += 16) {
        Cidr subnet = new Cidr(Ip.parse("10.3.0.0").plus(i), 28);
        if (taken.stream().noneMatch(other -> other.v4().orElseThrow().overlaps(subnet))) {
          free.add(subnet);
        }
      }
      Result result = Allocator.allocate(v4(range), taken, Wish.NONE, random);
      switch (result) {
        case Result.Found found ->
            assertThat(free).as("seed %d", seed).contains(found.subnets().v4().orElseThrow());
        case Result.Exhausted _ -> assertThat(free).as("seed %d", seed).isEmpty();
      }
    }
  }

  @Test
  void aLargeNetworkWithManyLeasesIsQuick() { // issue 3: linear also in the allocator
    AddressRange range = range("10.0.0.0/8", 24, "10.0.1.0", "10.255.255.0");
    List<Subnets> taken = new ArrayList<>();
    for (int i = 1; i <= 65_000; i++) {
      taken.add(
          new Subnets(
              Optional.of(new Cidr(Ip.parse("10.0.0.0").plus(i * 256L), 24)), Optional.empty()));
    }
    long start = System.nanoTime();
    for (int i = 0; i < 10; i++) {
      v4Of(v4(range), taken, Wish.NONE);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
  }
}
