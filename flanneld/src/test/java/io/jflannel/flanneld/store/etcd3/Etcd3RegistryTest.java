// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.jflannel.etcd.DeleteRangeRequest;
import io.jflannel.etcd.PutRequest;
import io.jflannel.etcd.RequestOp;
import io.jflannel.etcd.TxnRequest;
import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import io.jflannel.flanneld.store.etcd.Recorder;
import io.jflannel.flanneld.store.etcd.TestProxy;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is particular to etcd v3: its leases, its pages, its compaction, its streams. */
class Etcd3RegistryTest {

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long GONE = -1;

  @SuppressWarnings("NullAway.Init")
  private static EtcdServer server;

  @SuppressWarnings("NullAway.Init")
  private Etcd3Store store;

  @SuppressWarnings("NullAway.Init")
  private Registry registry;

  @BeforeAll
  static void launch() {
    server = EtcdServer.launch();
  }

  @AfterAll
  static void closeServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void openStore() {
    store = new Etcd3Store(server, "/v3/" + COUNT.incrementAndGet());
    registry = store.open();
  }

  @AfterEach
  void closeStore() {
    registry.close();
    store.close();
  }

  private Entry created(String name, Expiry expiry) throws InterruptedException {
    return ((Written.Done) registry.create(name, "{}", expiry)).entry();
  }

  private void awaitGone(long lease) {
    Awaitility.await().until(() -> store.timeLeft(lease) == GONE);
  }

  @Test
  void keysHaveALeaseOfADayOfTheirOwn() throws Exception { // 6.4
    Entry one = created("10.5.1.0-24", Expiry.LEASED);
    Entry two = created("10.5.2.0-24", Expiry.LEASED);

    assertThat(store.read("10.5.1.0-24").getLease()).isEqualTo(one.leaseId()).isNotZero();
    assertThat(two.leaseId()).isNotEqualTo(one.leaseId());
    assertThat(store.timeLeft(one.leaseId())).isBetween(86_370L, 86_400L);
    assertThat(store.read("10.5.1.0-24").getModRevision()).isEqualTo(one.modRevision());
    assertThat(store.read("10.5.1.0-24").getCreateRevision()).isEqualTo(one.createRevision());
  }

  @Test
  void aRenewalRevokesTheReplacedLeaseOnly() throws Exception { // ODD-39
    Entry one = created("a", Expiry.LEASED);
    Entry two = ((Written.Done) registry.update(one, "x", Expiry.LEASED)).entry();

    awaitGone(one.leaseId());
    assertThat(store.timeLeft(two.leaseId())).isPositive();
    assertThat(store.read("a").getVersion()).isEqualTo(2);
  }

  @Test
  void aLeaseThatOtherKeysUseIsNotRevoked() throws Exception {
    long shared = store.grant(Duration.ofMinutes(10));
    store.put(store.key("a"), "{}".getBytes(UTF_8), shared);
    store.put(store.key("b"), "{}".getBytes(UTF_8), shared);
    Entry a = registry.list().entries().getFirst();
    Entry other = created("c", Expiry.LEASED);

    registry.update(a, "mine", Expiry.LEASED);
    registry.update(other, "x", Expiry.LEASED);

    awaitGone(other.leaseId()); // revoked after the look at the shared one began
    assertThat(store.timeLeft(shared)).isPositive();
    assertThat(store.read("b").getLease()).isEqualTo(shared);
  }

  @Test
  void aConflictLeavesNoLeaseBehind() throws Exception { // 6.4: LeaseRevoke on failure
    Entry one = created("a", Expiry.LEASED);
    int before = leases().size();

    assertThat(registry.create("a", "x", Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    registry.update(one, "x", Expiry.LEASED);
    assertThat(registry.update(one, "y", Expiry.LEASED)).isInstanceOf(Written.Conflict.class);

    Awaitility.await().until(() -> leases().size() == before);
  }

  private static List<String> leases() {
    return server.etcdctl("lease", "list").lines().skip(1).toList();
  }

  @Test
  void aReservationIsAKeyWithoutALease() throws Exception { // ETC-12, P13
    Entry reserved = created("a", Expiry.NEVER);
    assertThat(store.read("a").getLease()).isZero();

    Entry leased = ((Written.Done) registry.update(reserved, "x", Expiry.LEASED)).entry();
    assertThat(leased.reservation()).isFalse();
    Entry again = ((Written.Done) registry.update(leased, "y", Expiry.NEVER)).entry();

    assertThat(again.reservation()).isTrue();
    assertThat(store.read("a").getLease()).isZero();
    awaitGone(leased.leaseId());
    assertThat(store.read("a").getVersion()).isEqualTo(3);
  }

  @Test
  void aDeletedKeysLeaseGoesToo() throws Exception {
    Entry one = created("a", Expiry.LEASED);
    registry.delete(one);

    awaitGone(one.leaseId());
    assertThat(registry.list().entries()).isEmpty();
  }

  @Test
  void twoThousandFiveHundredKeysAreOneConsistentList() throws Exception { // pages
    putMany(2_500, 40);
    List<Listing> listings = new ArrayList<>();
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              for (int i = 0; i < 200; i++) {
                // always one of both: a list at one revision sees exactly one
                move(i % 2 == 0 ? "000-first" : "999-last", i % 2 == 0 ? "999-last" : "000-first");
              }
            });
    while (writer.isAlive()) {
      listings.add(registry.list());
    }
    writer.join();

    assertThat(listings).isNotEmpty();
    for (Listing listing : listings) {
      List<String> names = listing.entries().stream().map(Entry::name).toList();
      assertThat(names).isSorted().doesNotHaveDuplicates().hasSizeBetween(2_500, 2_501);
      assertThat(names.contains("000-first") && names.contains("999-last")).isFalse();
    }
    assertThat(listings.getLast().entries()).hasSize(2_501);
  }

  private void move(String to, String from) {
    store
        .kv()
        .txn(
            TxnRequest.newBuilder()
                .addSuccess(
                    RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(store.key(to))))
                .addSuccess(
                    RequestOp.newBuilder()
                        .setRequestDeleteRange(
                            DeleteRangeRequest.newBuilder().setKey(store.key(from))))
                .build());
  }

  private void putMany(int count, int size) {
    ByteString value = ByteString.copyFromUtf8("x".repeat(size));
    for (int i = 0; i < count; i += 100) {
      TxnRequest.Builder batch = TxnRequest.newBuilder();
      IntStream.range(i, Math.min(count, i + 100))
          .forEach(n ->
              batch.addSuccess(
                  RequestOp.newBuilder()
                      .setRequestPut(
                          PutRequest.newBuilder()
                              .setKey(store.key("10.%d.%d.0-24".formatted(n >> 8, n & 255)))
                              .setValue(value))));
      store.kv().txn(batch.build());
    }
  }

  @Test
  void pagesLargerThanAMessageAreAskedForInParts() throws Exception {
    putMany(1_300, 14_000); // the first page of 1,000 keys has 14 MB
    for (int i = 0; i < 100; i++) {
      store.put("0-large-" + i, new byte[60_000]); // now it has more than 16
    }

    assertThat(registry.list().entries()).hasSize(1_400);
  }

  @Test
  void aCompactionExactlyAtTheNextRevisionEndsTheWatch() throws Exception { // ODD-61
    Entry one = created("a", Expiry.NEVER);
    long revision = registry.list().revision();
    registry.delete(one);
    store.compact(revision + 1);

    try (Recorder recorder = Recorder.watch(registry, revision)) {
      assertThat(recorder.awaitText("ended")).contains("compacted", Long.toString(revision));
    }
  }

  @Test
  void aCompactionUpToWhatIsKnownHarmsNothing() throws Exception {
    created("a", Expiry.NEVER);
    long revision = registry.list().revision();
    store.compact(revision);

    try (Recorder recorder = Recorder.watch(registry, revision)) {
      recorder.awaitAlive();
      created("b", Expiry.NEVER);
      recorder.awaitText("put b");
      assertThat(recorder.texts()).doesNotContain("put a={}");
    }
  }

  @Test
  void aTransactionOfTwoKeysIsTwoEvents() throws Exception { // ETC-13
    store.put("b", "x".getBytes(UTF_8));
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      move("a", "b");
      recorder.awaitText("put a=");
      recorder.awaitText("deleted b");
    }
  }

  @Test
  void aWatchThatFallsBehindGetsEverything() throws Exception { // ODD-18: split catch-up
    long revision = registry.list().revision();
    for (int i = 0; i < 1_500; i++) {
      store.put("k" + i, "x".getBytes(UTF_8));
    }

    try (Recorder recorder = Recorder.watch(registry, revision)) {
      recorder.awaitText("put k1499");
      assertThat(recorder.texts().stream().filter(text -> text.startsWith("put"))).hasSize(1_500);
      assertThat(recorder.revisions()).isSorted().doesNotHaveDuplicates();
    }
  }

  @Test
  void keysThatAreNoDirectChildrenAreIgnored() throws Exception { // ODD-14
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      store.put("deep/a", "x".getBytes(UTF_8));
      store.put("../subnets-old/a", "x".getBytes(UTF_8));
      store.put("", "x".getBytes(UTF_8));
      store.put("a", "x".getBytes(UTF_8));
      recorder.awaitText("put a=x");
      assertThat(recorder.texts()).filteredOn(text -> text.startsWith("put")).hasSize(1);
      assertThat(registry.list().entries()).hasSize(1);
    }
  }

  @Test
  void aKeyThatIsNoTextIsShownToBeRefused() throws Exception {
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      store.put(store.key("").concat(ByteString.fromHex("ff")), "x".getBytes(UTF_8), 0);
      recorder.awaitText("put \ufffd=x");
      assertThat(registry.list().entries()).singleElement().matches(e -> e.name().equals("\ufffd"));
    }
  }

  @Test
  void aHalfOpenWatchIsNoticed() throws Exception { // keep-alive: 10 + 4 s
    try (TestProxy proxy = new TestProxy(server.port(), Duration.ZERO);
        Registry far =
            new Etcd3Registry(
                EtcdAccess.of(EtcdFlags.at(proxy.url()).prefix("/far").api(EtcdApi.V3)));
        Recorder recorder = Recorder.watch(far, far.list().revision())) {
      recorder.awaitAlive();
      long start = System.nanoTime();
      proxy.silence();
      assertThat(recorder.awaitText("ended")).contains(proxy.url());
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }
  }

  @Test
  void aQuietWatchGivesSignsOfLife() throws Exception {
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      Awaitility.await()
          .atMost(WatchStream.PROGRESS.plusSeconds(10))
          .until(() -> recorder.texts().stream().filter("alive"::equals).count() >= 2);
      assertThat(recorder.texts()).containsOnly("alive");
    }
  }

  @Test
  void reconnectingLeavesDeadConnectionsAtOnce() throws Exception { // P20
    try (TestProxy proxy = new TestProxy(server.port(), Duration.ZERO);
        Registry far =
            new Etcd3Registry(
                EtcdAccess.of(EtcdFlags.at(proxy.url()).prefix("/far").api(EtcdApi.V3)));
        Recorder recorder = Recorder.watch(far, far.list().revision())) {
      recorder.awaitAlive();
      proxy.silence(); // as when our address has changed: nothing tells that it is dead
      long start = System.nanoTime();
      far.reconnect();
      recorder.awaitText("ended");
      proxy.speak();
      far.list();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
    }
  }

  @Test
  void reconnectingEndsACallInProgress() throws Exception { // P20
    try (TestProxy proxy = new TestProxy(server.port(), Duration.ZERO);
        Registry far =
            new Etcd3Registry(
                EtcdAccess.of(EtcdFlags.at(proxy.url()).prefix("/far").api(EtcdApi.V3)))) {
      far.list();
      proxy.silence();
      long start = System.nanoTime();
      CompletableFuture<Object> call = CompletableFuture.supplyAsync(() -> asked(far));
      Awaitility.await().during(Duration.ofMillis(300)).until(() -> !call.isDone());
      proxy.speak();
      far.reconnect();
      call.join();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
    }
  }

  private static Object asked(Registry registry) {
    try {
      return registry.list();
    } catch (StoreException | InterruptedException e) {
      return e;
    }
  }
}
