// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Endpoints that are dead, silent, slow, or come back, with both APIs. */
class EtcdFaultsTest {

  private static final Duration ABOUT_A_SECOND = Duration.ofMillis(1_800);

  @SuppressWarnings("NullAway.Init")
  private EtcdServer server;

  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeEach
  void launch() {
    server = EtcdServer.launch("--enable-v2");
  }

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    server.close();
  }

  private <T extends AutoCloseable> T closing(T one) {
    open.add(one);
    return one;
  }

  private Registry registry(EtcdApi api, String... endpoints) {
    return closing(EtcdRegistries.open(EtcdFlags.at(endpoints).api(api)));
  }

  private static String closedPort() throws IOException {
    return "http://127.0.0.1:" + TestPrograms.freePort();
  }

  private static <T> T within(Duration limit, Callable<T> work) throws Exception {
    long start = System.nanoTime();
    T result = work.call();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(limit);
    return result;
  }

  private static void failsInTime(Callable<?> work, String... parts) throws Exception {
    within(
        Duration.ofSeconds(6),
        () ->
            assertThatThrownBy(work::call)
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll(parts));
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void aClosedPortAmongThreeCostsNothingMuch(EtcdApi api) throws Exception {
    Registry registry = registry(api, closedPort(), server.url(), closedPort());

    assertThat(within(ABOUT_A_SECOND, registry::config)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void anEndpointThatAcceptsAndNeverAnswersCostsNothingMuch(EtcdApi api) throws Exception {
    TestProxy hole = closing(TestProxy.blackHole());
    Registry registry = registry(api, hole.url(), server.url(), closedPort());

    assertThat(within(ABOUT_A_SECOND, registry::config)).isEmpty();
    if (api != EtcdApi.AUTO) {
      assertThat(within(ABOUT_A_SECOND, () -> registry.create("a", "b", Expiry.LEASED)))
          .isInstanceOf(Written.Done.class);
    }
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void deadEndpointsAreAllNamedWithTheirReasons(EtcdApi api) throws Exception { // P11
    String closed = closedPort();
    TestProxy hole = closing(TestProxy.blackHole());
    Registry registry = registry(api, closed, hole.url(), "http://no-such-host.invalid:2379");

    failsInTime(
        registry::config,
        closed + ": connection refused",
        hole.url() + ": no answer within 5 s",
        "http://no-such-host.invalid:2379: unknown host");
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void aStoppedProcessEndsCallsWithinFiveSecondsAndIsUsedAgainWhenItGoesOn(EtcdApi api)
      throws Exception {
    Registry registry = registry(api, server.url());
    assertThat(registry.config()).isEmpty();

    server.pause();
    try {
      failsInTime(registry::config, server.url() + ": no answer within 5 s");
    } finally {
      server.resume();
    }

    within(Duration.ofSeconds(6), () -> reachable(registry::config));
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void anEndpointThatFallsSilentIsLeftForAnother(EtcdApi api) throws Exception {
    TestProxy proxy = closing(new TestProxy(server.port(), Duration.ZERO));
    Registry registry = registry(api, proxy.url(), server.url());
    assertThat(registry.config()).isEmpty();

    proxy.silence();

    // v3 gives the call that notices its five seconds; v2 asks the other one beside it
    within(Duration.ofSeconds(7), () -> reachable(registry::config));
    assertThat(within(ABOUT_A_SECOND, registry::config)).isEmpty();
    assertThat(within(ABOUT_A_SECOND, () -> registry.create("a", "b", Expiry.LEASED)))
        .isInstanceOf(Written.Done.class);
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aStoreThatTakesThreeSecondsIsStillAStore(EtcdApi api) throws Exception {
    TestProxy slow = closing(new TestProxy(server.port(), Duration.ofSeconds(3)));
    Registry registry = registry(api, slow.url());
    Registry fast = registry(api, server.url());

    assertThat(reachable(registry::config)).isEmpty();
    assertThat(reachable(() -> registry.create("a", "b", Expiry.LEASED)))
        .isInstanceOf(Written.Done.class);
    Listing listing = reachable(registry::list);
    assertThat(listing.entries()).hasSize(1);

    Recorder recorder = closing(Recorder.watch(registry, listing.revision()));
    recorder.awaitAlive();
    fast.create("c", "d", Expiry.LEASED);
    recorder.awaitText("put c");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aRestartEndsTheWatchAndNothingIsLost(EtcdApi api) throws Exception {
    Registry registry = registry(api, server.url());
    Entry entry = ((Written.Done) registry.create("a", "b", Expiry.LEASED)).entry();
    Listing before = registry.list();
    Recorder recorder = closing(Recorder.watch(registry, before.revision()));
    recorder.awaitAlive();

    server.restart();

    recorder.awaitText("ended");
    Listing after = reachable(registry::list);
    assertThat(after.storeId()).isEqualTo(before.storeId());
    assertThat(after.revision()).isGreaterThanOrEqualTo(before.revision());
    assertThat(registry.update(entry, "c", Expiry.LEASED)).isInstanceOf(Written.Done.class);
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aWatchOnAWipedStoreEndsAtOnce(EtcdApi api) throws Exception { // ODD-62
    Registry registry = registry(api, server.url());
    for (int i = 0; i < 20; i++) {
      registry.create("a" + i, "b", Expiry.LEASED);
    }
    long revision = registry.list().revision();
    server.wipe();
    reachable(registry::list);

    Recorder recorder = closing(Recorder.watch(registry, revision));
    recorder.awaitText("ended: etcd was replaced");
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aWatchUnderLoadKeepsTheOrderOfEachKey(EtcdApi api) throws Exception {
    Registry registry = registry(api, server.url());
    Recorder recorder = closing(Recorder.watch(registry, registry.list().revision()));
    recorder.awaitAlive();

    List<Thread> writers = new ArrayList<>();
    for (int w = 0; w < 4; w++) {
      String name = "writer-" + w;
      writers.add(Thread.ofVirtual().start(() -> writeMany(registry, name)));
    }
    for (Thread writer : writers) {
      writer.join();
    }

    for (int w = 0; w < 4; w++) {
      recorder.awaitText("put writer-%d=%d".formatted(w, WRITES));
    }
    for (int w = 0; w < 4; w++) {
      String start = "put writer-%d=".formatted(w);
      assertThat(recorder.texts().stream().filter(text -> text.startsWith(start)))
          .hasSize(WRITES + 1)
          .isSortedAccordingTo(
              java.util.Comparator.comparing(text -> Integer.valueOf(text.substring(13))));
    }
    assertThat(recorder.revisions()).isSorted();
  }

  private static final int WRITES = 100;

  private static void writeMany(Registry registry, String name) {
    try {
      Entry entry = ((Written.Done) registry.create(name, "0", Expiry.NEVER)).entry();
      for (int i = 1; i <= WRITES; i++) {
        entry = ((Written.Done) registry.update(entry, Integer.toString(i), Expiry.NEVER)).entry();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @EnumSource(EtcdApi.class)
  void anInterruptEndsACallToASilentStoreAtOnce(EtcdApi api) throws Exception {
    TestProxy hole = closing(TestProxy.blackHole());
    Registry registry = registry(api, hole.url());
    List<Throwable> thrown = new ArrayList<>();
    Thread caller =
        Thread.ofPlatform()
            .start(() -> {
              try {
                registry.config();
              } catch (InterruptedException | StoreException e) {
                thrown.add(e);
              }
            });
    Awaitility.await().until(() -> hole.connections() > 0);

    caller.interrupt();

    within(Duration.ofSeconds(1), () -> caller.join(Duration.ofSeconds(5)));
    assertThat(thrown).singleElement().isInstanceOf(InterruptedException.class);
  }

  private static <T> T reachable(Callable<T> call) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollDelay(Duration.ZERO)
        .ignoreException(StoreException.class)
        .until(call, result -> true);
  }

  @ParameterizedTest
  @EnumSource(
      value = EtcdApi.class,
      names = {"V2", "V3"})
  void aValueOfAMegabyteDoesNotHideTheOthers(EtcdApi api) throws Exception {
    Registry registry = registry(api, server.url());
    Recorder recorder = closing(Recorder.watch(registry, registry.list().revision()));
    recorder.awaitAlive();
    String large = new String(new byte[1_000_000], UTF_8).replace('\0', 'x');
    for (int i = 0; i < 20; i++) {
      registry.create("large" + i, large, Expiry.NEVER);
    }
    registry.create("small", "x", Expiry.NEVER);

    Listing listing = reachable(registry::list);
    assertThat(listing.entries()).hasSize(21);
    assertThat(listing.entries().stream().filter(entry -> entry.problem().isPresent())).hasSize(20);
    recorder.awaitText("put small=x");
  }
}
