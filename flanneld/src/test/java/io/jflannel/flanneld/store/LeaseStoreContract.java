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
import org.junit.jupiter.api.Timeout;

/** What a {@link RegistryStore} promises, on every registry, against a real store. */
@Timeout(60)
public abstract class LeaseStoreContract {

  private static final String CONFIG =
      "{\"Network\":\"10.3.0.0/16\",\"SubnetMin\":\"10.3.1.0\",\"SubnetMax\":\"10.3.25.0\"}";
  private static final String DUAL =
      "{\"Network\":\"10.3.0.0/16\",\"IPv6Network\":\"2001:cafe:42::/56\"}";
  private static final String V6 = "{\"IPv6Network\":\"2001:cafe:42::/56\"}";
  private static final LeaseAttributes NODE = TestNode.hostGw("192.0.2.1");
  private static final LeaseAttributes OTHER = TestNode.hostGw("192.0.2.9");

  @SuppressWarnings("NullAway.Init")
  private StoreUnderTest store;

  @SuppressWarnings("NullAway.Init")
  private Registry registry;

  /** A fresh, empty, reachable store. */
  protected abstract StoreUnderTest freshStore() throws Exception;

  /** How values are written to it. */
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

  private TestNode node(Setup setup) {
    return new TestNode(store.open(), setup);
  }

  private TestNode node(LeaseAttributes attributes) {
    return node(Setup.of(CONFIG, attributes));
  }

  private Subnets acquired(Setup setup) throws InterruptedException {
    try (TestNode node = node(setup)) {
      return node.awaitHeld();
    }
  }

  private void put(String name, LeaseAttributes attributes) {
    store.put(name, LeaseText.write(attributes, registry.form()).getBytes(UTF_8));
  }

  private void putLeased(String name, LeaseAttributes attributes) {
    store.put(
        name, LeaseText.write(attributes, registry.form()).getBytes(UTF_8), Duration.ofMinutes(10));
  }

  private Entry entry(Subnets subnets) throws InterruptedException {
    String name = SubnetKey.print(subnets);
    return registry.list().entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no key " + name));
  }

  private List<String> names() throws InterruptedException {
    return registry.list().entries().stream().map(Entry::name).toList();
  }

  private static Subnets subnet(String v4) {
    return new Subnets(Optional.of(Cidr.parse(v4)), Optional.empty());
  }

  private static boolean hasPeer(StoreView view, String v4) {
    return view.peers().stream().map(Lease::subnets).anyMatch(subnet(v4)::equals);
  }

  private static List<String> refusedKeys(StoreView view) {
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
  void aRunningLeaseThatBecomesAReservationIsOne() throws Exception { // ODD-7
    try (TestNode node = node(Setup.of(CONFIG, NODE).renewAfter(Duration.ofSeconds(1)))) {
      Subnets subnets = node.awaitHeld();
      store.put(SubnetKey.print(subnets), entry(subnets).value().getBytes(UTF_8));
      node.await(
          "no expiry",
          view -> view.own() instanceof OwnLease.Held held && held.expires().isEmpty());
      node.publish(TestNode.hostGw("192.0.2.2"));
      Awaitility.await().until(() -> entry(subnets).value().contains("192.0.2.2"));
      assertThat(entry(subnets).reservation()).isTrue();
    }
  }

  @Test
  void aLeaseIsRenewedInTime() throws Exception { // LIF-11, ETC-11, ODD-23
    try (TestNode node = node(Setup.of(CONFIG, NODE).renewAfter(Duration.ofMillis(200)))) {
      Subnets subnets = node.awaitHeld();
      Entry first = entry(subnets);
      Awaitility.await().until(() -> entry(subnets).modRevision() > first.modRevision() + 1);
      assertThat(entry(subnets).value()).isEqualTo(first.value());
      assertThat(entry(subnets).createRevision()).isEqualTo(first.createRevision());
    }
  }

  @Test
  void aChangedAddressIsPublishedAndTheSubnetKept() throws Exception { // P20
    try (TestNode node = node(NODE);
        TestNode peer = node(OTHER)) {
      Subnets subnets = node.awaitHeld();
      peer.awaitHeld();
      node.publish(TestNode.hostGw("192.0.2.77"));
      peer.await(
          "the new address",
          view ->
              view.peers().stream()
                  .anyMatch(lease ->
                      lease.subnets().equals(subnets)
                          && lease.attributes().equals(TestNode.hostGw("192.0.2.77"))));
      assertThat(names()).hasSize(2);
    }
  }

  @Test
  void aDeletedKeyIsBackWithTheSameSubnet() throws Exception { // P9
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      for (int i = 0; i < 3; i++) {
        long start = System.nanoTime();
        store.delete(SubnetKey.print(subnets));
        Awaitility.await()
            .atMost(Duration.ofSeconds(5))
            .until(() -> names().equals(List.of(SubnetKey.print(subnets))));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      }
      assertThat(node.awaitHeld()).isEqualTo(subnets);
    }
  }

  @Test
  void anExpiredKeyIsBackWithTheSameSubnet() throws Exception { // P9
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      long created = entry(subnets).createRevision();
      store.expire(SubnetKey.print(subnets));
      Awaitility.await()
          .ignoreException(AssertionError.class)
          .until(() -> entry(subnets).createRevision() > created);
    }
  }

  @Test
  void aLeaseTakenByAnotherIsFollowedToANewSubnet() throws Exception { // P8, ODD-17
    try (TestNode node = node(NODE)) {
      Subnets before = node.awaitHeld();
      putLeased(SubnetKey.print(before), OTHER);

      StoreView view =
          node.await("a warning", seen -> TestNode.warning(seen).isPresent() && seen.complete());
      Subnets after = TestNode.held(view).lease().subnets();
      assertThat(after).isNotEqualTo(before);
      assertThat(TestNode.warning(view))
          .contains("subnet changed from %s to %s: restart containers".formatted(before, after));
      assertThat(entry(before).value()).isEqualTo(LeaseText.write(OTHER, registry.form()));
      node.await("the new owner as a peer", seen -> hasPeer(seen, before.toString()));
    }
  }

  @Test
  void aLeaseTakenByAnotherEndsTheDaemonIfSoWanted() throws Exception {
    try (TestNode node = node(Setup.of(CONFIG, NODE).exitWhenLost())) {
      Subnets subnets = node.awaitHeld();
      putLeased(SubnetKey.print(subnets), OTHER);
      assertThat(node.awaitFailure())
          .isInstanceOf(LeaseLostException.class)
          .hasMessageContaining(subnets.toString())
          .hasMessageContaining("192.0.2.9");
    }
  }

  @Test
  void aTwinIsReportedAndNotFought() throws Exception { // P19, ODD-57
    LeaseAttributes ours = TestNode.vxlan("192.0.2.1", "02:00:00:00:00:01");
    LeaseAttributes twin = TestNode.vxlan("192.0.2.1", "02:00:00:00:00:02");
    try (TestNode node = node(Setup.of(CONFIG, ours).renewAfter(Duration.ofMillis(200)))) {
      Subnets subnets = node.awaitHeld();
      String name = SubnetKey.print(subnets);
      putLeased(name, twin);
      StoreView view = node.await("a warning", seen -> TestNode.warning(seen).isPresent());
      assertThat(TestNode.warning(view).orElseThrow()).startsWith("two hosts publish 192.0.2.1");
      assertThat(TestNode.held(view).lease()).isEqualTo(new Lease(subnets, ours));
      long revision = entry(subnets).modRevision();
      node.publish(TestNode.vxlan("192.0.2.1", "02:00:00:00:00:03"));
      node.publish(ours);
      putLeased("10.3.25.0-24", TestNode.vxlan("192.0.2.9", "02:00:00:00:00:09"));
      node.await("a later change", seen -> hasPeer(seen, "10.3.25.0/24"));
      assertThat(entry(subnets).modRevision()).isEqualTo(revision);

      putLeased(name, ours);
      node.await("no warning", seen -> TestNode.warning(seen).isEmpty());
      long restored = entry(subnets).modRevision();
      Awaitility.await().until(() -> entry(subnets).modRevision() > restored);
    }
  }

  @Test
  void garbageInTheOwnKeyIsPutRight() throws Exception {
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      String value = entry(subnets).value();
      store.put(SubnetKey.print(subnets), "{\"PublicIP\":7}".getBytes(UTF_8));
      Awaitility.await().until(() -> entry(subnets).value().equals(value));
    }
  }

  @Test
  void peersComeChangeAndGo() throws Exception { // EVT-1, EVT-2, ODD-32
    putLeased("10.3.20.0-24", OTHER);
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      node.await("the listed peer", view -> hasPeer(view, "10.3.20.0/24"));
      putLeased("10.3.21.0-24", TestNode.hostGw("192.0.2.10"));
      node.await("a new peer", view -> hasPeer(view, "10.3.21.0/24"));
      LeaseAttributes moved = TestNode.hostGw("192.0.2.11");
      putLeased("10.3.21.0-24", moved);
      node.await(
          "a changed peer",
          view -> view.peers().stream().map(Lease::attributes).anyMatch(moved::equals));
      store.delete("10.3.20.0-24");
      node.await("one less", view -> !hasPeer(view, "10.3.20.0/24") && view.peers().size() == 1);
      store.expire("10.3.21.0-24");
      node.await("none left", view -> view.peers().isEmpty());
    }
  }

  @Test
  void badKeysAreRefusedAndTheOthersStay() throws Exception { // ODD-19, ODD-14, ODD-64
    putLeased("10.3.20.0-24", OTHER);
    try (TestNode node = node(NODE)) {
      Subnets own = node.awaitHeld();
      store.put("garbage", "x".getBytes(UTF_8));
      store.put("10.3.22.0-24", "notjson".getBytes(UTF_8));
      store.put("10.3.23.0-24", new byte[Registry.LARGEST_VALUE + 1]);
      putLeased("10.9.1.0-24", TestNode.hostGw("192.0.2.20"));
      putLeased("1.2.3.4-0", TestNode.hostGw("192.0.2.21"));
      putLeased("10.3.24.0-24", TestNode.hostGw("127.0.0.1"));
      putLeased(own.v4().orElseThrow().ip() + "-25", TestNode.hostGw("192.0.2.22"));

      StoreView view = node.await("all refused", seen -> seen.refused().size() == 7);
      assertThat(view.peers()).hasSize(1);
      assertThat(refusedKeys(view)).contains("garbage", "10.3.22.0-24", "1.2.3.4-0");
      assertThat(view.kept())
          .containsExactlyInAnyOrder(Cidr.parse("10.3.22.0/24"), Cidr.parse("10.3.23.0/24"));
      assertThat(TestNode.held(view).lease().subnets()).isEqualTo(own);
    }
  }

  @Test
  void anUnreadableValueKeepsItsPeer() throws Exception {
    putLeased("10.3.20.0-24", OTHER);
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      store.put("10.3.20.0-24", "notjson".getBytes(UTF_8));
      StoreView view = node.await("kept", seen -> !seen.kept().isEmpty());
      assertThat(hasPeer(view, "10.3.20.0/24")).isTrue();
      assertThat(refusedKeys(view)).containsExactly("10.3.20.0-24");
      store.delete("10.3.20.0-24");
      node.await("gone", seen -> seen.peers().isEmpty() && seen.kept().isEmpty());
    }
  }

  @Test
  void aReplacedStoreGetsTheOwnKeyBackAndIsNotTrustedAtOnce() throws Exception { // ODD-62
    putLeased("10.3.20.0-24", OTHER);
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      store.replace();
      long start = System.nanoTime();
      Awaitility.await()
          .ignoreExceptions()
          .atMost(Duration.ofSeconds(10))
          .until(() -> names().equals(List.of(SubnetKey.print(subnets))));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      node.await("incomplete", view -> !view.complete());
      putLeased("10.3.21.0-24", OTHER);
      node.await("additions at once", view -> !view.complete() && hasPeer(view, "10.3.21.0/24"));
      StoreView trusted = node.await("complete again", StoreView::complete);
      assertThat(hasPeer(trusted, "10.3.20.0/24")).isFalse();
      assertThat(TestNode.held(trusted).lease().subnets()).isEqualTo(subnets);
      assertThat(TestNode.warning(trusted)).isEmpty();
    }
  }

  @Test
  void anOutageIsShownAndSurvived() throws Exception { // P10, ODD-33, ODD-66
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      store.stop();
      StoreView out = node.await("no contact", view -> !view.contact().connected());
      assertThat(out.contact().detail()).isNotEmpty();
      assertThat(TestNode.held(out).lease().subnets()).isEqualTo(subnets);
      store.start();
      node.await("contact", view -> view.contact().connected());
      putLeased("10.3.21.0-24", OTHER);
      node.await("a new peer", view -> hasPeer(view, "10.3.21.0/24"));
    }
  }

  @Test
  void aStoreThatIsNotThereAtFirstIsWaitedFor() throws Exception { // ODD-33
    store.stop();
    try (TestNode node = node(NODE)) {
      node.await("a reason", view -> !view.contact().detail().equals("not asked yet"));
      store.start();
      node.awaitHeld();
    }
  }

  @Test
  void aForgottenPastHidesNothing() throws Exception { // ODD-61, ETC-16
    putLeased("10.3.20.0-24", OTHER);
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      for (int i = 30; i < 33; i++) {
        store.forget();
        putLeased("10.3." + i + ".0-24", TestNode.hostGw("192.0.2." + i));
        String subnet = "10.3." + i + ".0/24";
        node.await(subnet, view -> hasPeer(view, subnet));
      }
      store.delete("10.3.20.0-24");
      store.forget();
      node.await("gone", view -> !hasPeer(view, "10.3.20.0/24"));
    }
  }

  @Test
  void aChangedConfigurationAsksForARestart() throws Exception { // LIF-4
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      store.config("{\"Network\":\"10.4.0.0/16\"}");
      StoreView view = node.await("changed", seen -> seen.restartNeeded().isPresent());
      assertThat(view.restartNeeded().orElseThrow()).contains(registry.configKey());
      store.config(CONFIG.replace(",", " ,\n"));
      node.await("as before", seen -> seen.restartNeeded().isEmpty());
      store.config("{");
      node.await("broken", seen -> seen.restartNeeded().isPresent());
    }
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
