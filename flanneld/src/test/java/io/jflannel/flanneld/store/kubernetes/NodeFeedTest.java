// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a real API server does only now and then: KUB-4 against a server that does it at once. */
class NodeFeedTest {

  /** Answers one request after the other; each says what it expects to be asked. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private static final Backoff PAUSES = new Backoff(Duration.ofMillis(100), Duration.ofMillis(400));

  /** The first three pauses at their shortest. */
  private static final Duration THREE = Duration.ofMillis(75 + 150 + 300);

  private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<FeedEvent> events = new LinkedBlockingQueue<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private HttpServer server;
  private Api api;
  private Thread thread;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestURI().toString());
          try {
            answers.take().to(exchange);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        });
    server.start();
    Options.Kubernetes options =
        new Options.Kubernetes(
            true,
            "http://127.0.0.1:" + server.getAddress().getPort(),
            "flannel.alpha.coreos.com",
            "",
            Path.of("/x"),
            true);
    api =
        new Api(ApiAccess.of(options, Map.of()), AnnotationKeys.under("flannel.alpha.coreos.com"));
    NodeFeed feed = new NodeFeed(api, events, Duration.ofSeconds(2), PAUSES);
    thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                feed.run();
              } catch (InterruptedException e) {
                // closed
              }
            });
  }

  @AfterEach
  void stop() throws InterruptedException {
    end.countDown();
    thread.interrupt();
    thread.join();
    api.close();
    server.stop(0);
  }

  private static void reply(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void list(String version, String next, String... names) {
    String items =
        String.join(
            ",",
            List.of(names).stream()
                .map(name -> "{\"metadata\":{\"name\":\"" + name + "\"}}")
                .toList());
    answers.add(exchange ->
        reply(
            exchange,
            200,
            "{\"kind\":\"NodeList\",\"metadata\":{\"resourceVersion\":\"%s\",\"continue\":\"%s\"},\"items\":[%s]}"
                .formatted(version, next, items)));
  }

  private void status(int code, String message) {
    answers.add(exchange ->
        reply(
            exchange,
            code,
            "{\"kind\":\"Status\",\"message\":\"%s\",\"code\":%d}".formatted(message, code)));
  }

  /** A watch that tells this and then nothing, until the test ends. */
  private void silentWatch(String lines) {
    answers.add(exchange -> {
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      out.write(lines.getBytes(UTF_8));
      out.flush();
      end.await();
    });
  }

  private void watch(String lines) {
    answers.add(exchange -> reply(exchange, 200, lines));
  }

  private static String event(String type, String name, long version) {
    return "{\"type\":\"%s\",\"object\":{\"metadata\":{\"name\":\"%s\",\"resourceVersion\":\"%d\"}}}\n"
        .formatted(type, name, version);
  }

  private FeedEvent next() throws InterruptedException {
    FeedEvent event = events.poll(20, TimeUnit.SECONDS);
    assertThat(event).as("an event").isNotNull();
    return java.util.Objects.requireNonNull(event);
  }

  private String question() throws InterruptedException {
    String uri = asked.poll(20, TimeUnit.SECONDS);
    assertThat(uri).as("a request").isNotNull();
    return java.util.Objects.requireNonNull(uri);
  }

  @Test
  void readsPageAfterPage() throws InterruptedException {
    list("10", "more/1=", "a", "b");
    list("10", "", "c");
    silentWatch("");

    assertThat(question()).isEqualTo("/api/v1/nodes?limit=500&resourceVersion=0");
    assertThat(question()).isEqualTo("/api/v1/nodes?limit=500&continue=more%2F1%3D");
    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Listed.class,
            listed -> {
              assertThat(listed.version()).isEqualTo(10);
              assertThat(listed.nodes()).extracting(NodeFacts::name).containsExactly("a", "b", "c");
            });
    assertThat(question())
        .matches(
            "/api/v1/nodes\\?allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=[345]\\d\\d&watch=true");
    assertThat(next()).isInstanceOf(FeedEvent.Connected.class);
  }

  @Test
  void resumesWhereTheWatchWas() throws InterruptedException {
    list("10", "", "a");
    watch(event("MODIFIED", "a", 11) + event("BOOKMARK", "", 15) + "{\"type\":\"MOD");
    silentWatch("");

    assertThat(question()).contains("resourceVersion=0");
    assertThat(question()).contains("resourceVersion=10&");
    assertThat(question()).contains("resourceVersion=15&").contains("watch=true");
    assertThat(next()).isInstanceOf(FeedEvent.Listed.class);
    assertThat(next()).isInstanceOf(FeedEvent.Connected.class);
    assertThat(next()).isInstanceOf(FeedEvent.Seen.class);
    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Lost.class, lost -> assertThat(lost.reason()).contains("broke off"));
    assertThat(next()).isInstanceOf(FeedEvent.Connected.class);
  }

  private static String error(String status) {
    return "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",%s}}\n".formatted(status);
  }

  @ParameterizedTest // what is wrong may be the version: a list follows, but not soon
  @ValueSource(strings = {"\"code\":500", "\"code\":504", "\"message\":\"no code\""})
  void aWatchThatFailsIsResumedWithGrowingPauses(String status) throws InterruptedException {
    list("10", "", "a");
    watch(error(status));
    watch(error(status));
    watch(error(status));
    list("20", "", "a");
    silentWatch("");

    question();
    assertThat(question()).contains("resourceVersion=10&").contains("watch=true");
    long start = System.nanoTime();
    assertThat(question()).contains("resourceVersion=10&").contains("watch=true");
    assertThat(question()).contains("resourceVersion=10&").contains("watch=true");
    assertThat(question())
        .isEqualTo("/api/v1/nodes?limit=500&resourceVersion=10&resourceVersionMatch=NotOlderThan");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(THREE);
  }

  @ParameterizedTest // a list of everything would be the wrong answer
  @ValueSource(ints = {429, 503})
  void aServerThatShedsLoadIsAskedForNoList(int code) throws InterruptedException {
    list("10", "", "a");
    for (int i = 0; i < 5; i++) {
      status(code, "too many requests, please try again later");
    }
    silentWatch("");

    question();
    for (int i = 0; i < 6; i++) {
      assertThat(question()).contains("resourceVersion=10&").contains("watch=true");
    }
  }

  @Test // RFC 9110, 10.2.3
  void aServerThatSaysWhenIsAskedThen() throws InterruptedException {
    list("10", "", "a");
    answers.add(exchange -> {
      exchange.getResponseHeaders().set("Retry-After", "2");
      reply(exchange, 429, "{\"kind\":\"Status\",\"message\":\"slowly\",\"code\":429}");
    });
    answers.add(exchange -> {
      exchange.getResponseHeaders().set("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT");
      reply(exchange, 503, "{\"kind\":\"Status\",\"message\":\"slowly\",\"code\":503}");
    });
    silentWatch("");

    question();
    question();
    long start = System.nanoTime();
    question();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
    long second = System.nanoTime();
    assertThat(question()).contains("resourceVersion=10&").contains("watch=true");
    assertThat(Duration.ofNanos(System.nanoTime() - second)).isLessThan(Duration.ofSeconds(2));
  }

  @ParameterizedTest // an event that is always cut off would never be passed
  @ValueSource(strings = {"{\"type\":\"MOD", "<html>", "{\"type\" \"MODIFIED\"}"})
  void aWatchThatIsUnreadableTwiceIsGivenUp(String cut) throws InterruptedException {
    list("10", "", "a");
    watch(event("MODIFIED", "a", 11) + cut);
    watch(cut);
    list("20", "", "a");
    watch(cut);
    silentWatch("");

    question();
    question();
    assertThat(question()).contains("resourceVersion=11&").contains("watch=true");
    assertThat(question())
        .isEqualTo("/api/v1/nodes?limit=500&resourceVersion=11&resourceVersionMatch=NotOlderThan");
    assertThat(question()).contains("resourceVersion=20&").contains("watch=true");
    assertThat(question()).contains("resourceVersion=20&").contains("watch=true");
  }

  @Test
  void listsThatAreTooOldAtOnceAreNotAskedForInALoop() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      list("10", "", "a");
      watch(error("\"code\":410"));
    }
    list("20", "", "a");
    silentWatch("");

    question();
    long start = System.nanoTime();
    for (int i = 0; i < 6; i++) {
      question();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(THREE);
  }

  @Test // progress: as if nothing had been
  void whatIsNewMakesThePausesShortAgain() throws InterruptedException {
    list("10", "", "a");
    watch(error("\"code\":500"));
    watch(error("\"code\":500"));
    watch(event("MODIFIED", "a", 11) + error("\"code\":500"));
    watch(error("\"code\":500")); // with the longest pause this would bring a list
    silentWatch("");

    for (int i = 0; i < 4; i++) {
      question();
    }
    assertThat(question()).contains("resourceVersion=11&").contains("watch=true");
    assertThat(question()).contains("resourceVersion=11&").contains("watch=true");
  }

  @Test
  void listsAgainAfter410() throws InterruptedException {
    list("10", "", "a");
    watch(error("\"code\":410,\"message\":\"too old\""));
    list("20", "", "a", "b");
    silentWatch("");

    assertThat(question()).contains("resourceVersion=0");
    assertThat(question()).contains("watch=true");
    assertThat(question())
        .isEqualTo("/api/v1/nodes?limit=500&resourceVersion=10&resourceVersionMatch=NotOlderThan");
    assertThat(question()).contains("resourceVersion=20&").contains("watch=true");
  }

  @Test
  void listsAgainWhenTheWatchIsRefused() throws InterruptedException {
    list("10", "", "a");
    status(403, "not yet");
    list("20", "", "a");
    silentWatch("");

    question();
    question();
    assertThat(question())
        .isEqualTo("/api/v1/nodes?limit=500&resourceVersion=10&resourceVersionMatch=NotOlderThan");
    assertThat(question()).contains("resourceVersion=20&");
  }

  @Test // ODD-62: restored from a backup, its versions are lower
  void asksForTheNewestWhenTheVersionIsInTheFuture() throws InterruptedException {
    list("1000", "", "a");
    silentWatch("");
    status(504, "Too large resource version: 1000, current: 10");
    list("10", "", "a");
    silentWatch("");

    question();
    assertThat(question()).contains("resourceVersion=1000&");
    assertThat(question())
        .isEqualTo(
            "/api/v1/nodes?limit=500&resourceVersion=1000&resourceVersionMatch=NotOlderThan");
    assertThat(question()).isEqualTo("/api/v1/nodes?limit=500");
    assertThat(question()).contains("resourceVersion=10&");
  }

  @Test // architecture.md, "Watches end"
  void aSilentWatchIsGivenUp() throws InterruptedException {
    list("10", "", "a");
    silentWatch(event("MODIFIED", "a", 11));
    list("12", "", "a");
    silentWatch("");

    question();
    question();
    assertThat(question())
        .isEqualTo("/api/v1/nodes?limit=500&resourceVersion=11&resourceVersionMatch=NotOlderThan");
    next();
    next();
    next();
    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Lost.class,
            lost -> assertThat(lost.reason()).contains("nothing came for 2 s"));
  }

  @Test // a list that fails keeps trying, with any version at first
  void tellsWhyItCannotList() throws InterruptedException {
    status(401, "Unauthorized");
    answers.add(exchange -> reply(exchange, 502, "<html>bad gateway</html>"));
    answers.add(exchange -> reply(exchange, 200, "{\"kind\":\"NodeList\",\"items\":[{\"met"));
    list("10", "", "a");
    silentWatch("");

    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Lost.class,
            lost -> assertThat(lost.reason()).contains("does not accept our credentials"));
    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Lost.class, lost -> assertThat(lost.reason()).contains("HTTP status 502"));
    assertThat(next())
        .isInstanceOfSatisfying(
            FeedEvent.Lost.class, lost -> assertThat(lost.reason()).contains("broke off"));
    assertThat(next()).isInstanceOf(FeedEvent.Listed.class);
  }

  @Test
  void aWatchThatEndsAtOnceIsNotAskedForInALoop() throws InterruptedException {
    list("10", "", "a");
    long start = System.nanoTime();
    watch("");
    watch("");
    silentWatch("");

    question();
    question();
    question();
    question();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(2));
  }
}
