// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.Refusal;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.TestNode.Setup;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How a {@link RegistryStore} comes to its subnet, on every registry, against a real store. */
abstract class AcquisitionContract {

  static final String CONFIG =
      "{\"Network\":\"10.3.0.0/16\",\"SubnetMin\":\"10.3.1.0\",\"SubnetMax\":\"10.3.25.0\"}";
  static final String DUAL = "{\"Network\":\"10.3.0.0/16\",\"IPv6Network\":\"2001:cafe:42::/56\"}";
  static final String V6 = "{\"IPv6Network\":\"2001:cafe:42::/56\"}";
  static final String MAC = "02:00:00:00:00:01";
  static final LeaseAttributes NODE = TestNode.hostGw("192.0.2.1");
  static final LeaseAttributes OTHER = TestNode.hostGw("192.0.2.9");

  @SuppressWarnings("NullAway.Init")
  StoreUnderTest store;

  @SuppressWarnings("NullAway.Init")
  Registry registry;

  /** A fresh, empty, reachable store. */
  protected abstract StoreUnderTest freshStore() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    store = freshStore();
    registry = store.open();
    store.config(CONFIG);
  }

  @AfterEach
  void closeStore() {
    registry.close();
    store.close();
  }

  TestNode node(Setup setup) {
    return new TestNode(store.open(), setup);
  }

  TestNode node(LeaseAttributes attributes) {
    return node(Setup.of(CONFIG, attributes).previous("10.3.6.0/24"));
  }

  Subnets acquired(Setup setup) throws InterruptedException {
    try (TestNode node = node(setup)) {
      return node.awaitHeld();
    }
  }

  void put(String name, LeaseAttributes attributes) {
    store.put(name, value(attributes));
  }

  void putLeased(String name, LeaseAttributes attributes) {
    store.put(name, value(attributes), Duration.ofMinutes(10));
  }

  /** Leases with IPv6 have the v3 form everywhere. */
  private byte[] value(LeaseAttributes attributes) {
    LeaseText.Form form = attributes.publicIpv6().isPresent() ? LeaseText.Form.V3 : registry.form();
    return LeaseText.write(attributes, form).getBytes(UTF_8);
  }

  Entry entry(Subnets subnets) throws InterruptedException {
    String name = SubnetKey.print(subnets);
    return registry.list().entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no key " + name));
  }

  List<String> names() throws InterruptedException {
    return registry.list().entries().stream().map(Entry::name).toList();
  }

  static Subnets subnet(String v4) {
    return new Subnets(Optional.of(Cidr.parse(v4)), Optional.empty());
  }

  static boolean hasPeer(StoreView view, String v4) {
    return view.peers().stream().map(Lease::subnets).anyMatch(subnet(v4)::equals);
  }

  static List<String> refusedKeys(StoreView view) {
    return view.refused().stream().map(Refusal::key).toList();
  }

  @Test
  void readsTheConfigurationOrSaysWhatIsMissing() throws Exception { // P12
    try (RegistryStore reader = new RegistryStore(store.open(), TestNetwork::parse)) {
      assertThat(reader.readConfig()).isEqualTo(TestNetwork.parse(CONFIG));
      store.deleteConfig();
      assertThatThrownBy(reader::readConfig)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(registry.configKey())
          .hasMessageContaining(registry.configHint());
    }
  }

  @Test
  void anEmptyStoreGivesASubnetWrittenAsUpstreamWritesIt() throws Exception { // ETC-3, ETC-10
    LeaseAttributes vxlan = TestNode.vxlan("10.77.0.1", "22:47:8e:8f:4f:56");
    Subnets subnets = acquired(Setup.of(CONFIG, vxlan));

    Entry entry = entry(subnets);
    assertThat(entry.value())
        .isEqualTo(
            registry.form() == LeaseText.Form.V3
                ? "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"22:47:8e:8f:4f:56\"}}"
                : "{\"PublicIP\":\"10.77.0.1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"22:47:8e:8f:4f:56\"}}");
    assertThat(entry.reservation()).isFalse();
    assertThat(subnets.v4().orElseThrow().ip())
        .isBetween(Ip.parse("10.3.1.0"), Ip.parse("10.3.25.0"));
  }

  @Test
  void aRestartGivesTheSameSubnet() throws Exception { // LIF-19
    Subnets first = acquired(Setup.of(CONFIG, NODE));
    for (int i = 0; i < 5; i++) {
      assertThat(acquired(Setup.of(CONFIG, NODE))).isEqualTo(first);
    }
    assertThat(names()).hasSize(1);
  }

  @Test
  void takenSubnetsAreAvoided() throws Exception { // 6.5, UT
    for (String name : List.of("10.3.1.0-24", "10.3.2.0-24", "10.3.4.0-24", "10.3.5.0-24")) {
      putLeased(name, OTHER);
    }
    putLeased("10.3.31.0-24", OTHER);

    Subnets subnets = acquired(Setup.of(CONFIG, NODE));
    assertThat(subnets)
        .isNotIn(
            subnet("10.3.1.0/24"),
            subnet("10.3.2.0/24"),
            subnet("10.3.4.0/24"),
            subnet("10.3.5.0/24"));
    assertThat(names()).hasSize(6);
  }

  @Test
  void theFormerSubnetIsTakenIfItIsFree() throws Exception { // 6.5
    assertThat(acquired(Setup.of(CONFIG, NODE).previous("10.3.6.0/24")))
        .isEqualTo(subnet("10.3.6.0/24"));
  }

  @Test
  void aFormerSubnetThatIsNotFreeOrDoesNotFitIsIgnored() throws Exception { // 6.5, ODD-65
    putLeased("10.3.4.0-24", OTHER);
    putLeased("10.3.6.0-25", OTHER);
    store.put("10.3.7.0-24", "notjson".getBytes(UTF_8));

    int host = 100;
    for (String former : List.of("10.3.4.0/24", "10.3.6.0/24", "10.3.7.0/24", "10.4.1.0/24")) {
      Setup setup = Setup.of(CONFIG, TestNode.hostGw("192.0.2." + host++));
      assertThat(acquired(setup.previous(former))).isNotEqualTo(subnet(former));
    }
  }

  @Test
  void ourOwnLeaseWinsOverTheFormerSubnet() throws Exception { // 6.5 step 2
    putLeased("10.3.9.0-24", NODE);
    assertThat(acquired(Setup.of(CONFIG, NODE).previous("10.3.6.0/24")))
        .isEqualTo(subnet("10.3.9.0/24"));
    assertThat(names()).containsExactly("10.3.9.0-24");
  }

  @Test
  void theFormerSubnetIsKeptWhenTheAddressChangedMeanwhile() throws Exception { // P20
    putLeased("10.3.6.0-24", TestNode.vxlan("192.0.2.7", MAC));
    LeaseAttributes moved = TestNode.vxlan("192.0.2.1", MAC);

    Subnets subnets = acquired(Setup.of(CONFIG, moved).previous("10.3.6.0/24"));

    assertThat(subnets).isEqualTo(subnet("10.3.6.0/24"));
    assertThat(names()).containsExactly("10.3.6.0-24");
    assertThat(entry(subnets).value()).isEqualTo(LeaseText.write(moved, registry.form()));
    assertThat(entry(subnets).reservation()).isFalse();
  }

  @Test
  void theFormerIpv6SubnetIsKeptLikewise() throws Exception { // P20
    String name = "0.0.0.0-0&2001:cafe:42:5::-64";
    putLeased(name, TestNode.vxlan("fd77::7", MAC));
    acquired(Setup.of(V6, TestNode.vxlan("fd77::1", MAC)).previous("2001:cafe:42:5::/64"));
    assertThat(names()).containsExactly(name);
  }

  @Test
  void oneFamilysMacIsEnoughToKnowAFormerKeyOfBoth() throws Exception { // P20, ODD-56
    String name = "10.3.6.0-24&2001:cafe:42:5::-64";
    putLeased(
        name,
        TestNode.both(
            TestNode.vxlan("192.0.2.7", MAC), TestNode.vxlan("fd77::7", "02:00:00:00:00:07")));
    LeaseAttributes moved =
        TestNode.both(
            TestNode.vxlan("192.0.2.1", MAC), TestNode.vxlan("fd77::1", "02:00:00:00:00:06"));
    acquired(Setup.of(DUAL, moved).previous("10.3.6.0/24").previous("2001:cafe:42:5::/64"));
    assertThat(names()).containsExactly(name);
  }

  @Test
  void aFormerReservationWithOurMacStaysOne() throws Exception { // ETC-12, P20
    put("10.3.6.0-24", TestNode.vxlan("192.0.2.7", MAC));
    LeaseAttributes moved = TestNode.vxlan("192.0.2.1", MAC);
    assertThat(acquired(Setup.of(CONFIG, moved).previous("10.3.6.0/24")))
        .isEqualTo(subnet("10.3.6.0/24"));
    assertThat(entry(subnet("10.3.6.0/24")).reservation()).isTrue();
  }

  @Test
  void aFormerReservationWithOurMacWinsOverALease() throws Exception { // ETC-12, P20
    put("10.3.6.0-24", TestNode.vxlan("192.0.2.7", MAC));
    putLeased("10.3.9.0-24", TestNode.vxlan("192.0.2.1", MAC));
    assertThat(acquired(Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", MAC)).previous("10.3.6.0/24")))
        .isEqualTo(subnet("10.3.6.0/24"));
    assertThat(entry(subnet("10.3.6.0/24")).reservation()).isTrue();
    Awaitility.await().until(() -> names().equals(List.of("10.3.6.0-24")));
  }

  @Test
  void aFormerSubnetWithAnotherMacOrNoneIsAnothers() throws Exception { // P8
    putLeased("10.3.6.0-24", TestNode.vxlan("192.0.2.7", "02:00:00:00:00:09"));
    putLeased("10.3.7.0-24", TestNode.hostGw("192.0.2.8"));
    putLeased("10.3.8.0-24", TestNode.vxlan("192.0.2.9", MAC)); // ours, but not the former subnet
    Setup vxlan = Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", MAC));
    assertThat(acquired(vxlan.previous("10.3.6.0/24"))).isNotIn(taken());
    Setup hostGw = Setup.of(CONFIG, TestNode.hostGw("192.0.2.2"));
    assertThat(acquired(hostGw.previous("10.3.7.0/24"))).isNotIn(taken());
    assertThat(names()).hasSize(5);
  }

  private static List<Subnets> taken() {
    return List.of(subnet("10.3.6.0/24"), subnet("10.3.7.0/24"), subnet("10.3.8.0/24"));
  }

  @Test
  void aFormerKeyWithOurMacGoesWhenTheNewAddressHasALease() throws Exception { // 6.5 step 2
    putLeased("10.3.6.0-24", TestNode.vxlan("192.0.2.7", MAC));
    putLeased("10.3.9.0-24", TestNode.vxlan("192.0.2.1", "02:00:00:00:00:09"));
    assertThat(acquired(Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", MAC)).previous("10.3.6.0/24")))
        .isEqualTo(subnet("10.3.9.0/24"));
    Awaitility.await().until(() -> names().equals(List.of("10.3.9.0-24")));
  }

  @Test
  void theFirstOfTwoOwnLeasesIsKept() throws Exception { // 6.5: byte order
    putLeased("10.3.2.0-24", NODE);
    putLeased("10.3.10.0-24", NODE);
    assertThat(acquired(Setup.of(CONFIG, NODE))).isEqualTo(subnet("10.3.10.0/24"));
    assertThat(names()).hasSize(2);
  }

  @Test
  void anOwnLeaseThatDoesNotFitIsReplaced() throws Exception { // 6.5, ODD-46
    putLeased("10.3.40.0-24", NODE);
    Subnets subnets = acquired(Setup.of(CONFIG, NODE));
    assertThat(subnets.v4().orElseThrow().ip()).isLessThan(Ip.parse("10.3.26.0"));
    Awaitility.await().until(() -> names().equals(List.of(SubnetKey.print(subnets))));
  }

  @Test
  void aReservationStaysAReservation() throws Exception { // ETC-12, P13
    put("10.3.7.0-24", NODE);
    try (TestNode node = node(Setup.of(CONFIG, NODE).previous("10.3.9.0/24"))) {
      assertThat(node.awaitHeld()).isEqualTo(subnet("10.3.7.0/24"));
      StoreView view = node.await("held", seen -> seen.own() instanceof OwnLease.Held);
      assertThat(TestNode.held(view).expires()).isEmpty();
    }
    assertThat(entry(subnet("10.3.7.0/24")).reservation()).isTrue();
  }

  @Test
  void aReservationForAnotherNodeBlocksItsSubnet() throws Exception { // ETC-12
    put("10.3.7.0-24", OTHER);
    assertThat(acquired(Setup.of(CONFIG, NODE).previous("10.3.7.0/24")))
        .isNotEqualTo(subnet("10.3.7.0/24"));
  }

  @Test
  void whenAllSubnetsAreUsedTheNodeWaitsForOne() throws Exception { // P14
    String small =
        "{\"Network\":\"10.3.0.0/16\",\"SubnetMin\":\"10.3.1.0\",\"SubnetMax\":\"10.3.2.0\"}";
    putLeased("10.3.1.0-24", OTHER);
    putLeased("10.3.2.0-24", TestNode.hostGw("192.0.2.10"));
    try (TestNode node = node(Setup.of(small, NODE))) {
      StoreView view =
          node.await(
              "out of subnets",
              seen ->
                  seen.own() instanceof OwnLease.Waiting waiting
                      && waiting.reason().startsWith("out of subnets"));
      assertThat(((OwnLease.Waiting) view.own()).reason()).contains("2 of 2");
      store.delete("10.3.2.0-24");
      assertThat(node.awaitHeld()).isEqualTo(subnet("10.3.2.0/24"));
    }
  }

  @Test
  void dualStackHasOneKeyOfBothSubnets() throws Exception { // ETC-1
    Subnets subnets = acquired(Setup.of(DUAL, TestNode.dual("10.77.0.1", "fd77::1")));
    assertThat(entry(subnets).value())
        .isEqualTo(
            "{\"PublicIP\":\"10.77.0.1\",\"PublicIPv6\":\"fd77::1\",\"BackendType\":\"host-gw\"}");
    assertThat(SubnetKey.print(subnets)).matches("10\\.3\\.\\d+\\.0-24&2001:cafe:42:\\w+::-64");
    assertThat(acquired(Setup.of(DUAL, TestNode.dual("10.77.0.1", "fd77::1")))).isEqualTo(subnets);
  }

  @Test
  void addingAndRemovingIpv6KeepsTheIpv4Subnet() throws Exception { // ODD-56, ODD-25
    Subnets v4 = acquired(Setup.of(CONFIG, TestNode.hostGw("10.77.0.1")));
    Subnets dual = acquired(Setup.of(DUAL, TestNode.dual("10.77.0.1", "fd77::1")));
    Subnets again = acquired(Setup.of(CONFIG, TestNode.hostGw("10.77.0.1")));

    assertThat(dual.v4()).isEqualTo(v4.v4());
    assertThat(dual.v6()).isPresent();
    assertThat(again).isEqualTo(v4);
    assertThat(names()).hasSize(1);
  }

  @Test
  void ipv6OnlyNodesGetSubnetsOfTheirOwn() throws Exception { // ODD-13
    try (TestNode one = node(Setup.of(V6, TestNode.hostGw("fd77::1")));
        TestNode two = node(Setup.of(V6, TestNode.hostGw("fd77::2")))) {
      Subnets first = one.awaitHeld();
      Subnets second = two.awaitHeld();
      assertThat(first).isNotEqualTo(second);
      assertThat(entry(first).value())
          .isEqualTo(
              "{\"PublicIP\":\"0.0.0.0\",\"PublicIPv6\":\"fd77::1\",\"BackendType\":\"host-gw\"}");
      one.await("the peer", view -> view.peers().size() == 1);
    }
    assertThat(acquired(Setup.of(V6, TestNode.hostGw("fd77::1"))).v6()).isPresent();
    assertThat(names()).hasSize(2);
  }

  @Test
  void aRaceForTheLastSubnetsHasNoLoser() throws Exception { // ODD-16
    race(25);
  }

  /** So many nodes start at once; the configuration has 25 subnets. */
  protected final void race(int count) throws InterruptedException {
    String config = count <= 25 ? CONFIG : "{\"Network\":\"10.3.0.0/16\"}";
    List<TestNode> nodes = new ArrayList<>();
    try {
      for (int i = 1; i <= count; i++) {
        nodes.add(node(Setup.of(config, TestNode.hostGw("192.0.3." + i))));
      }
      Set<Subnets> subnets = new HashSet<>();
      for (TestNode node : nodes) {
        subnets.add(node.awaitHeld());
      }
      assertThat(subnets).hasSize(count);
      assertThat(names()).hasSize(count);
      for (TestNode node : nodes) {
        node.await("all peers", view -> view.peers().size() == count - 1);
      }
    } finally {
      nodes.forEach(TestNode::close);
    }
  }
}
