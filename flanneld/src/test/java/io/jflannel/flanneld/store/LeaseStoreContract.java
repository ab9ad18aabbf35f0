// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.TestNode.Setup;
import io.jflannel.net.Cidr;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a {@link RegistryStore} promises, on every registry, against a real store. */
@Timeout(60)
public abstract class LeaseStoreContract extends AcquisitionContract {

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
    try (TestNode node =
        node(Setup.of(CONFIG, ours).previous("10.3.6.0/24").renewAfter(Duration.ofMillis(200)))) {
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
  void aSecondHostWithOurAddressIsNoticed() throws Exception { // P19, ODD-57
    try (TestNode first = node(Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", MAC)))) {
      Subnets subnets = first.awaitHeld();
      try (TestNode second =
          node(Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", "02:00:00:00:00:02")))) {
        assertThat(second.awaitHeld()).isEqualTo(subnets);
        StoreView view = first.await("a warning", seen -> TestNode.warning(seen).isPresent());
        assertThat(TestNode.warning(view).orElseThrow()).startsWith("two hosts publish 192.0.2.1");
        assertThat(entry(subnets).value()).contains("02:00:00:00:00:02");
      }
    }
  }

  @Test
  void anotherAddressOfOursLeavesTheKeyToTheTwin() throws Exception { // P19, P20
    LeaseAttributes twin = TestNode.vxlan("192.0.2.1", "02:00:00:00:00:02");
    try (TestNode node = node(Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", MAC)))) {
      Subnets before = node.awaitHeld();
      putLeased(SubnetKey.print(before), twin);
      node.await("contested", seen -> TestNode.warning(seen).isPresent());

      LeaseAttributes moved = TestNode.vxlan("192.0.2.5", MAC);
      node.publish(moved);

      StoreView view =
          node.await(
              "another subnet",
              seen ->
                  seen.own() instanceof OwnLease.Held held
                      && !held.lease().subnets().equals(before)
                      && hasPeer(seen, before.toString()));
      assertThat(TestNode.warning(view).orElseThrow()).startsWith("subnet changed from ");
      Subnets after = TestNode.held(view).lease().subnets();
      assertThat(entry(after).value()).isEqualTo(LeaseText.write(moved, registry.form()));
      assertThat(entry(before).value()).isEqualTo(LeaseText.write(twin, registry.form()));
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
  void anOversizedConfigurationIsToldAndKeepsNobodyFromTheLeases() throws Exception { // LIF-11
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      store.config(" ".repeat(Registry.LARGEST_VALUE) + CONFIG);
      node.await("told", seen -> seen.restartNeeded().isPresent());
      try (TestNode other = node(TestNode.hostGw("192.0.2.8"))) { // lists, then reads it
        Subnets others = other.awaitHeld();
        other.await("told", seen -> seen.restartNeeded().isPresent());
        node.await("the peer", view -> view.peers().size() == 1);
        assertThat(others).isNotEqualTo(subnets);
      }
      store.config(CONFIG);
      node.await("as before", seen -> seen.restartNeeded().isEmpty());
    }
  }
}
