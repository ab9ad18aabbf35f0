// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import io.jflannel.flanneld.store.etcd.Recorder;
import io.jflannel.flanneld.store.etcd.TestPrograms;
import io.jflannel.flanneld.store.etcd.TestProxy;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is particular to etcd v2: the requests as upstream sends them, and its one history. */
class Etcd2RegistryTest {

  private static final AtomicInteger COUNT = new AtomicInteger();

  @SuppressWarnings("NullAway.Init")
  private static EtcdServer server;

  @SuppressWarnings("NullAway.Init")
  private Etcd2Store store;

  @SuppressWarnings("NullAway.Init")
  private Registry registry;

  private String prefix = "";

  @BeforeAll
  static void launch() {
    server = EtcdServer.launch("--enable-v2");
  }

  @AfterAll
  static void closeServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void openStore() {
    prefix = "/v2/" + COUNT.incrementAndGet();
    store = new Etcd2Store(server, prefix);
    registry = store.open();
  }

  @AfterEach
  void closeStore() {
    registry.close();
    store.close();
  }

  @Test
  void requestsAreUpstreamsWithConditions() throws Exception { // 7.2
    List<String> requests = new CopyOnWriteArrayList<>();
    HttpServer fake =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
    fake.createContext(
        "/",
        exchange -> {
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          requests.add(
              "%s %s %s %s"
                  .formatted(
                      exchange.getRequestMethod(),
                      exchange.getRequestURI(),
                      body,
                      exchange.getRequestHeaders().getFirst("Authorization"))
                  .strip());
          byte[] answer = "{\"errorCode\":100,\"message\":\"Key not found\"}".getBytes(UTF_8);
          exchange.sendResponseHeaders(404, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    fake.start();
    EtcdFlags flags = EtcdFlags.at("http://127.0.0.1:" + fake.getAddress().getPort());
    try (Registry ours = new Etcd2Registry(EtcdAccess.of(flags.user("me", "pw").api(EtcdApi.V2)))) {
      Entry entry =
          new Entry(
              "10.5.3.0-24",
              "",
              java.util.Optional.empty(),
              7,
              8,
              0,
              false,
              java.util.Optional.empty());
      ours.config();
      ours.list();
      ours.create("10.5.3.0-24", "{\"PublicIP\":\"1.2.3.4\"}", Expiry.LEASED);
      ours.update(entry, "{}", Expiry.LEASED);
      ours.update(entry, "{}", Expiry.NEVER);
      ours.delete(entry);
      ours.watch(41, Recorder.IGNORING);
    } finally {
      fake.stop(0);
    }

    String keys = "/v2/keys/coreos.com/network";
    String basic = " Basic bWU6cHc=";
    assertThat(requests)
        .containsExactly(
            "GET " + keys + "/config?quorum=true&recursive=false&sorted=false " + basic,
            "GET " + keys + "/subnets?quorum=true&recursive=true&sorted=false " + basic,
            "PUT "
                + keys
                + "/subnets/10.5.3.0-24?prevExist=false"
                + " ttl=86400&value=%7B%22PublicIP%22%3A%221.2.3.4%22%7D"
                + basic,
            "PUT " + keys + "/subnets/10.5.3.0-24?prevIndex=8 ttl=86400&value=%7B%7D" + basic,
            "PUT " + keys + "/subnets/10.5.3.0-24?prevIndex=8 value=%7B%7D" + basic,
            "DELETE " + keys + "/subnets/10.5.3.0-24?prevIndex=8 " + basic,
            "GET " + keys + "?recursive=true&wait=true&waitIndex=42 " + basic);
  }

  @Test
  void theTimeLeftIsTheStores() throws Exception { // 7.3
    store.put("a", "x".getBytes(UTF_8), Duration.ofSeconds(500));

    Entry entry = registry.list().entries().getFirst();
    assertThat(entry.timeLeft().orElseThrow())
        .isBetween(Duration.ofSeconds(490), Duration.ofSeconds(500));
    assertThat(entry.reservation()).isFalse();
  }

  @Test
  void anUnreadableKeyDoesNotStallTheWatch() throws Exception { // ODD-24
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      store.send("PUT", prefix + "/subnets/deep/a", "", "value=x");
      store.send("PUT", prefix + "/subnets-old/a", "", "value=x");
      store.send("PUT", prefix + "/other", "", "value=x");
      store.put("rubbish hi", "]]".getBytes(UTF_8));
      store.put("10.5.1.0-24", "x".getBytes(UTF_8));
      recorder.awaitText("put rubbish hi=]]");
      recorder.awaitText("put 10.5.1.0-24=x");
      assertThat(recorder.texts()).filteredOn(text -> text.startsWith("put")).hasSize(2);
    }
  }

  @Test
  void aDeletedDirectoryEndsTheWatch() throws Exception {
    store.put("a", "x".getBytes(UTF_8));
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      store.send("DELETE", prefix + "/subnets", "?recursive=true", "");
      assertThat(recorder.awaitText("ended")).contains(prefix + "/subnets was deleted");
    }
  }

  @Test
  void compareAndDeleteIsADeletion() throws Exception { // ET2-2
    Entry entry = ((Written.Done) registry.create("a", "x", Expiry.LEASED)).entry();
    try (Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      registry.delete(entry);
      recorder.awaitText("deleted a");
    }
  }

  @Test
  void aForgottenIndexEndsTheWatchAndSaysWhy() throws Exception { // ET2-3: errorCode 401
    long revision = registry.list().revision();
    store.put("a", "x".getBytes(UTF_8));
    store.forget();

    try (Recorder recorder = Recorder.watch(registry, revision)) {
      assertThat(recorder.awaitText("ended")).contains("1,000 events");
    }
  }

  @Test
  void aQuietWatchOutlivesThousandsOfForeignEvents() throws Exception {
    EtcdAccess access = EtcdAccess.of(EtcdFlags.at(server.url()).prefix(prefix).api(EtcdApi.V2));
    CountingSink sink = new CountingSink();
    try (Http http = new Http(access)) {
      LongPoll poll =
          new LongPoll(
              http, KeyNames.v2(prefix), registry.list().revision(), sink, Duration.ofMillis(100));
      Thread watch = Thread.ofPlatform().start(() -> sink.run(poll));
      for (int i = 0; i < 3; i++) {
        int seen = sink.alive.get();
        Awaitility.await().until(() -> sink.alive.get() > seen + 1);
        store.forget();
      }
      int seen = sink.alive.get();
      Awaitility.await().until(() -> sink.alive.get() > seen + 1);
      store.put("a", "x".getBytes(UTF_8));

      Awaitility.await().until(() -> sink.puts.get() == 1);
      assertThat(watch.isAlive()).isTrue();
      watch.interrupt();
      assertThat(watch.join(Duration.ofSeconds(5))).isTrue();
    }
  }

  private static final class CountingSink implements Registry.Sink {
    final AtomicInteger alive = new AtomicInteger();
    final AtomicInteger puts = new AtomicInteger();

    void run(LongPoll poll) {
      try {
        System.out.println("unexpected end: " + poll.run());
      } catch (InterruptedException e) {
        System.out.println("interrupted, as wanted");
      }
    }

    @Override
    public void alive(long revision) {
      alive.incrementAndGet();
    }

    @Override
    public void put(Entry entry) {
      puts.incrementAndGet();
    }

    @Override
    public void deleted(String name, long revision) {}

    @Override
    public void config(java.util.Optional<String> text) {}
  }

  @Test
  void anotherProgramsErrorsAreShownAsTheyAre() throws Exception {
    HttpServer fake =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
    fake.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write("<html>".getBytes(UTF_8));
          exchange.close();
        });
    fake.start();
    EtcdFlags flags = EtcdFlags.at("http://127.0.0.1:" + fake.getAddress().getPort());
    try (Registry ours = new Etcd2Registry(EtcdAccess.of(flags.api(EtcdApi.V2)))) {
      assertThatThrownBy(ours::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll("does not answer as etcd's v2 API", "127.0.0.1");
    } finally {
      fake.stop(0);
    }
  }

  @Test
  void aBodyThatNeverEndsIsGivenUp() throws Exception { // ODD-21
    try (TestProxy hole = TestProxy.blackHole();
        Registry ours =
            new Etcd2Registry(EtcdAccess.of(EtcdFlags.at(hole.url()).api(EtcdApi.V2)))) {
      long start = System.nanoTime();
      assertThatThrownBy(() -> ours.create("a", "b", Expiry.LEASED))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("no answer within 5 s");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
    }
  }

  @Test
  void userAndPasswordAreSentAndTheirLackIsExplained() throws Exception { // 7.1: HTTP Basic
    try (EtcdServer guarded = EtcdServer.launch("--enable-v2", "--bcrypt-cost=4")) {
      TestPrograms.run(
          List.of("etcdctl", "--endpoints=" + guarded.url(), "user", "add", "root:rootpw"),
          java.util.Map.of("ETCDCTL_API", "2"));
      TestPrograms.run(
          List.of("etcdctl", "--endpoints=" + guarded.url(), "auth", "enable"),
          java.util.Map.of("ETCDCTL_API", "2"));
      TestPrograms.run(
          List.of(
              "etcdctl",
              "--endpoints=" + guarded.url(),
              "--username=root:rootpw",
              "role",
              "revoke",
              "guest",
              "--path=/*",
              "--readwrite"),
          java.util.Map.of("ETCDCTL_API", "2"));
      EtcdFlags flags = EtcdFlags.at(guarded.url());
      try (Registry good =
              new Etcd2Registry(EtcdAccess.of(flags.user("root", "rootpw").api(EtcdApi.V2)));
          Registry bad =
              new Etcd2Registry(EtcdAccess.of(flags.user("root", "wr0ng").api(EtcdApi.V2)));
          Registry none = new Etcd2Registry(EtcdAccess.of(flags.api(EtcdApi.V2)))) {
        assertThat(good.create("a", "b", Expiry.LEASED)).isInstanceOf(Written.Done.class);
        assertThatThrownBy(bad::list)
            .isInstanceOf(StoreException.class)
            .hasMessageContainingAll(guarded.url(), "--etcd-password")
            .hasMessageNotContaining("wr0ng");
        assertThatThrownBy(none::list)
            .isInstanceOf(StoreException.class)
            .hasMessageContaining("--etcd-username");
      }
    }
  }

  @Test
  void reconnectingLeavesDeadConnectionsAtOnce() throws Exception { // P20
    try (TestProxy proxy = new TestProxy(server.port(), Duration.ZERO);
        Registry far =
            new Etcd2Registry(
                EtcdAccess.of(EtcdFlags.at(proxy.url()).prefix("/far").api(EtcdApi.V2)));
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
            new Etcd2Registry(
                EtcdAccess.of(EtcdFlags.at(proxy.url()).prefix("/far").api(EtcdApi.V2)))) {
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
