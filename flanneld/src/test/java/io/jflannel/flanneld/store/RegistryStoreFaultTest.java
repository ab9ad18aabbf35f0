// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.FlakyRegistry.Call;
import io.jflannel.flanneld.store.FlakyRegistry.Mood;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.TestNode.Setup;
import io.jflannel.flanneld.store.local.LocalRegistry;
import io.jflannel.net.Ip;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Faults that a real store shows rarely. */
@Timeout(60)
class RegistryStoreFaultTest {

  private static final String CONFIG = "{\"Network\":\"10.3.0.0/16\"}";
  private static final Setup NODE = Setup.of(CONFIG, TestNode.hostGw("192.0.2.1"));
  private static final String PEER =
      LeaseText.write(TestNode.hostGw("192.0.2.9"), LeaseText.Form.V3);

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path dir;

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = Logger.getLogger(RegistryStore.class.getName());
  private final Handler handler = new Lines();

  @SuppressWarnings("NullAway.Init")
  private Registry registry;

  @SuppressWarnings("NullAway.Init")
  private FlakyRegistry flaky;

  private final class Lines extends Handler {
    @Override
    public void publish(LogRecord line) {
      lines.add(line.getLevel() + " " + line.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void open() throws Exception {
    Files.writeString(dir.resolve("config"), CONFIG);
    registry = new LocalRegistry(dir);
    flaky = new FlakyRegistry(new LocalRegistry(dir));
    logger.addHandler(handler);
  }

  @AfterEach
  void removeHandler() {
    logger.removeHandler(handler);
  }

  private TestNode node(Setup setup) {
    return new TestNode(flaky, setup);
  }

  private Entry entry(Subnets subnets) throws InterruptedException {
    String name = SubnetKey.print(subnets);
    return registry.list().entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void failedRenewalsAreRepeatedWithPausesWhileTheLoopStaysResponsive() throws Exception {
    // LIF-11, ODD-66
    try (TestNode node = node(NODE.renewAfter(Duration.ofMillis(200)))) {
      Subnets subnets = node.awaitHeld();
      flaky.mood(Map.of(Call.UPDATE, Mood.FAILS));
      StoreView view =
          node.await("the reason", seen -> seen.contact().detail().contains("UPDATE refused"));
      assertThat(view.own()).isInstanceOf(OwnLease.Held.class);
      int failed = flaky.count(Call.UPDATE);
      registry.create("10.3.200.0-24", PEER, Expiry.LEASED);
      node.await("a peer meanwhile", seen -> seen.peers().size() == 1);
      long revision = entry(subnets).modRevision();
      Awaitility.await().until(() -> flaky.count(Call.UPDATE) >= failed + 3);

      flaky.mood(Map.of());
      node.await("well again", seen -> seen.contact().detail().isEmpty());
      assertThat(entry(subnets).modRevision()).isGreaterThan(revision);
      assertThat(lines.stream().filter(line -> line.startsWith("WARNING"))).hasSize(1);
    }
  }

  @Test
  void anExpiredLeaseIsSaidToBe() throws Exception {
    flaky.grant(Duration.ofMillis(800));
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      flaky.mood(Map.of(Call.UPDATE, Mood.FAILS));
      StoreView view = node.await("expired", seen -> TestNode.warning(seen).isPresent());
      assertThat(TestNode.warning(view).orElseThrow())
          .startsWith("the lease has expired and could not be renewed: flaky");
      flaky.mood(Map.of());
      node.await("renewed", seen -> TestNode.warning(seen).isEmpty());
    }
  }

  @Test
  void aLostAnswerLeadsToOneLease() throws Exception {
    flaky.mood(Map.of(Call.CREATE, Mood.LOSES_ANSWER));
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      assertThat(registry.list().entries()).hasSize(1);
      flaky.mood(Map.of(Call.UPDATE, Mood.LOSES_ANSWER));
      node.publish(TestNode.hostGw("192.0.2.2"));
      Awaitility.await().until(() -> entry(subnets).value().contains("192.0.2.2"));
      flaky.mood(Map.of());
      node.await("well", seen -> seen.contact().detail().isEmpty());
      assertThat(node.awaitHeld()).isEqualTo(subnets);
    }
  }

  @Test
  void aLostAnswerLeadsToOneLeaseEvenIfTheWatchIsSlow() throws Exception {
    flaky.mood(Map.of(Call.CREATE, Mood.LOSES_ANSWER, Call.WATCH, Mood.WAITS));
    try (TestNode node = node(NODE)) {
      Awaitility.await().until(() -> flaky.count(Call.CREATE) >= 3);
      flaky.mood(Map.of(Call.WATCH, Mood.WAITS));
      node.await("a lease", seen -> seen.own() instanceof OwnLease.Held);
      assertThat(registry.list().entries()).hasSize(1);
    }
  }

  @Test
  void ourOwnWritesWithoutAnAnswerAreNoTwins() throws Exception { // P19
    for (int run = 1; run <= 3; run++) { // a device of its own each time, as after a boot
      String mac = "02:00:00:00:00:0" + run;
      Setup setup = Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", mac));
      flaky.mood(Map.of(Call.CREATE, Mood.LOSES_ANSWER));
      try (TestNode node = node(setup.renewAfter(Duration.ofMillis(100)))) {
        Subnets subnets = node.awaitHeld();
        flaky.mood(Map.of(Call.UPDATE, Mood.LOSES_ANSWER));
        long first = entry(subnets).modRevision();
        Awaitility.await().until(() -> entry(subnets).modRevision() > first + 3);
        node.publish(TestNode.vxlan("192.0.2.2", mac));
        Awaitility.await().until(() -> entry(subnets).value().contains("192.0.2.2"));
        node.publish(TestNode.vxlan("192.0.2.1", mac));
        StoreView view = node.await("back", seen -> has(seen, "192.0.2.1"));
        assertThat(TestNode.warning(view)).isEmpty();
        assertThat(entry(subnets).value()).contains("192.0.2.1", mac);
      }
    }
    assertThat(lines).noneMatch(line -> line.startsWith("SEVERE") || line.contains("two hosts"));
  }

  @Test
  void aWriteWithoutAnAnswerIsOursAlsoWhenWeHaveGoneBack() throws Exception { // P20
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      flaky.mood(Map.of(Call.UPDATE, Mood.HANGS, Call.EVENT, Mood.WAITS));
      node.publish(TestNode.hostGw("192.0.2.2"));
      Awaitility.await().until(() -> entry(subnets).value().contains("192.0.2.2"));
      node.publish(TestNode.hostGw("192.0.2.1"));
      flaky.mood(Map.of(Call.UPDATE, Mood.FAILS, Call.EVENT, Mood.WAITS));
      node.await("no answer", seen -> !seen.contact().detail().isEmpty());
      int before = flaky.count(Call.UPDATE);
      Awaitility.await()
          .during(Duration.ofMillis(500)) // gone back: nothing to write as far as it knows
          .until(() -> flaky.count(Call.UPDATE) <= before + 1);

      flaky.mood(Map.of());
      Awaitility.await().until(() -> entry(subnets).value().contains("192.0.2.1"));
      assertThat(node.awaitHeld()).isEqualTo(subnets);
      assertThat(registry.list().entries()).hasSize(1);
    }
    assertThat(lines).noneMatch(line -> line.startsWith("SEVERE"));
  }

  private static boolean has(StoreView view, String publicIp) {
    return view.own() instanceof OwnLease.Held held
        && held.lease().attributes().publicIp().equals(Optional.of(Ip.parse(publicIp)));
  }

  @Test
  void anUnreadableConfigurationKeepsNobodyFromTheLeases() throws Exception { // LIF-11
    try (TestNode node = node(NODE.renewAfter(Duration.ofMillis(200)))) {
      Subnets subnets = node.awaitHeld();
      Files.delete(dir.resolve("config"));
      Files.createDirectory(dir.resolve("config"));
      node.await("told by the watch", seen -> seen.restartNeeded().isPresent());
      int lists = flaky.count(Call.LIST);
      flaky.shiftSignsOfLife(1);
      Awaitility.await().until(() -> flaky.count(Call.LIST) > lists + 1);
      flaky.shiftSignsOfLife(0);
      StoreView view =
          node.await(
              "why",
              seen ->
                  seen.restartNeeded().filter(text -> text.contains("regular file")).isPresent());
      assertThat(view.restartNeeded().orElseThrow()).contains(registry.configKey());

      long revision = entry(subnets).modRevision();
      Awaitility.await().until(() -> entry(subnets).modRevision() > revision);
      registry.create("10.3.200.0-24", PEER, Expiry.LEASED);
      node.await("a peer", seen -> seen.peers().size() == 1 && seen.contact().connected());
      Files.delete(dir.resolve("config"));
      Files.writeString(dir.resolve("config"), CONFIG);
      node.await("well", seen -> seen.restartNeeded().isEmpty());
    }
  }

  @Test
  void aConfigurationThatCouldNotBeReadOnceIsReadAgain() throws Exception {
    flaky.mood(Map.of(Call.CONFIG, Mood.FAILS));
    try (TestNode node = node(NODE)) {
      node.await("told", seen -> seen.restartNeeded().isPresent());
      assertThat(lines.stream().filter(line -> line.contains("CONFIG refused"))).hasSize(1);
      flaky.mood(Map.of());
      node.await("read", seen -> seen.restartNeeded().isEmpty());
    }
  }

  @Test
  void aKeyFromABackupIsNoTwins() throws Exception { // ODD-62, P19
    Setup setup = Setup.of(CONFIG, TestNode.vxlan("192.0.2.1", "02:00:00:00:00:01"));
    try (TestNode node = node(setup)) {
      Subnets subnets = node.awaitHeld();
      Entry ours = entry(subnets);
      String old = ours.value().replace("02:00:00:00:00:01", "02:00:00:00:00:0f");

      flaky.listInstead(
          new Entry(ours.name(), old, Optional.empty(), 0, 0, 0, false, ours.timeLeft()));
      flaky.shiftListings(100);
      flaky.shiftSignsOfLife(1);
      Awaitility.await()
          .until(() -> lines.stream().anyMatch(line -> line.contains("was replaced")));
      flaky.listInstead();
      flaky.shiftSignsOfLife(0);

      Awaitility.await().until(() -> entry(subnets).modRevision() > ours.modRevision());
      assertThat(entry(subnets).value()).isEqualTo(ours.value());
      assertThat(lines).noneMatch(line -> line.startsWith("SEVERE") || line.contains("two hosts"));
    }
  }

  @Test
  void aWatchThatEndsAtOnceIsRepeatedWithPauses() throws Exception { // P10
    flaky.mood(Map.of(Call.WATCH, Mood.FAILS));
    try (TestNode node = node(NODE)) {
      StoreView view =
          node.await("the reason", seen -> seen.contact().detail().contains("WATCH refused"));
      assertThat(view.contact().connected()).isFalse();
      long start = System.nanoTime();
      int first = flaky.count(Call.LIST);
      Awaitility.await().until(() -> flaky.count(Call.LIST) >= first + 6);
      // pauses double from 20 ms to 300 ms, less a quarter: six take a second and more
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(600));
      assertThat(lines.stream().filter(line -> line.startsWith("WARNING"))).hasSize(1);

      registry.create("10.3.200.0-24", PEER, Expiry.LEASED);
      node.await("a peer by listing", seen -> seen.peers().size() == 1);
      flaky.mood(Map.of());
      node.await("contact", seen -> seen.contact().connected());
    }
  }

  @Test
  void anOutageIsTwoLines() throws Exception { // P10, P37
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      lines.clear();
      flaky.mood(Map.of(Call.LIST, Mood.FAILS, Call.WATCH, Mood.FAILS));
      flaky.shiftSignsOfLife(1);
      node.await("no contact", seen -> !seen.contact().connected());
      int lists = flaky.count(Call.LIST);
      Awaitility.await().until(() -> flaky.count(Call.LIST) >= lists + 5);
      assertThat(lines).hasSize(1);
      flaky.shiftSignsOfLife(0);
      flaky.mood(Map.of());
      node.await("contact", seen -> seen.contact().connected());
      assertThat(lines).hasSize(2);
    }
  }

  @Test
  void aSignOfLifeFromThePastLeadsToANewListing() throws Exception { // ODD-62
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      int lists = flaky.count(Call.LIST);
      flaky.shiftSignsOfLife(1);
      Awaitility.await().until(() -> flaky.count(Call.LIST) > lists);
    }
  }

  @Test
  void aStoreThatOthersUseTooIsNotListedAtEachSignOfLife() throws Exception { // ODD-62
    try (TestNode node = node(NODE)) {
      node.awaitHeld();
      flaky.shiftListings(100); // written by others, to keys that are not watched
      int before = flaky.count(Call.LIST);
      flaky.shiftSignsOfLife(1);
      Awaitility.await().until(() -> flaky.count(Call.LIST) > before);
      flaky.shiftSignsOfLife(0);
      awaitSigns(1);
      int lists = flaky.count(Call.LIST);
      awaitSigns(4);
      assertThat(flaky.count(Call.LIST)).isEqualTo(lists);
    }
  }

  /** Until the watch has given so many signs of life more; each write leads to one. */
  private void awaitSigns(int more) throws InterruptedException {
    for (int i = 0; i < more; i++) {
      int signs = flaky.signs();
      Entry entry = ((Written.Done) registry.create("x", PEER, Expiry.LEASED)).entry();
      registry.delete(entry);
      Awaitility.await().until(() -> flaky.signs() > signs);
    }
  }

  @Test
  void theWatchWaitsWhileTheLoopIsBusy() throws Exception { // bounded memory
    flaky.flood(50_000);
    flaky.mood(Map.of(Call.CREATE, Mood.WAITS));
    try (TestNode node = node(NODE)) {
      Awaitility.await().until(() -> flaky.count(Call.CREATE) == 1 && flaky.flooded() > 150);
      Awaitility.await()
          .during(Duration.ofMillis(500))
          .until(() -> flaky.flooded() < 5_000); // what was taken before, and what the queue holds
      flaky.mood(Map.of());
      node.awaitHeld();
      assertThat(flaky.flooded()).isEqualTo(50_000);
    }
  }

  @Test
  void anEndlessStreamOfChangesLeavesTimeForTheOwnLease() throws Exception { // LIF-11
    flaky.flood(Long.MAX_VALUE);
    try (TestNode node = node(NODE.renewAfter(Duration.ofMillis(100)))) {
      node.await("a lease", seen -> seen.own() instanceof OwnLease.Held);
      int updates = flaky.count(Call.UPDATE);
      Awaitility.await().until(() -> flaky.count(Call.UPDATE) > updates + 3);
    }
  }

  @Test
  void anOpponentDoesNotMakeUsWriteWithoutAPause() throws Exception {
    try (TestNode node = node(NODE)) {
      Subnets subnets = node.awaitHeld();
      lines.clear();
      int before = flaky.count(Call.UPDATE) + flaky.count(Call.CREATE);
      long start = System.nanoTime();
      for (int i = 0; i < 200; i++) {
        Files.writeString(dir.resolve("subnets").resolve(SubnetKey.print(subnets)), "garbage " + i);
        Files.deleteIfExists(dir.resolve("subnets").resolve(SubnetKey.print(subnets)));
      }
      Awaitility.await().until(() -> entry(subnets).problem().isEmpty());
      long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
      int writes = flaky.count(Call.UPDATE) + flaky.count(Call.CREATE) - before;
      assertThat(writes).isLessThanOrEqualTo((int) (millis / 50) + 2);
      assertThat(lines.stream().filter(line -> line.startsWith("WARNING"))).hasSize(1);
    }
  }
}
