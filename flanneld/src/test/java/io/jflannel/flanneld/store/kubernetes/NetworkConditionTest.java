// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** KUB-11 against a server that answers as the test says. */
class NetworkConditionTest {

  private static final String SINCE = "2026-11-22T13:29:07Z";

  private final AtomicLong clock = new AtomicLong();

  /** 0: the connection ends without an answer. */
  private final AtomicInteger status = new AtomicInteger(200);

  private final AtomicReference<String> retryAfter = new AtomicReference<>("soon");

  private HttpServer server;
  private Api api;
  private NetworkCondition condition;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          if (status.get() > 0) {
            exchange.getResponseHeaders().set("Retry-After", retryAfter.get());
            byte[] node = "{\"metadata\":{\"name\":\"node1\"}}".getBytes(UTF_8);
            exchange.sendResponseHeaders(status.get(), node.length);
            exchange.getResponseBody().write(node);
          }
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    String prefix = "flannel.alpha.coreos.com";
    Options.Kubernetes options = new Options.Kubernetes(true, url, prefix, "", Path.of("/x"), true);
    api = new Api(ApiAccess.of(options, Map.of()), AnnotationKeys.under(prefix));
    Pace usual = Pace.usual();
    condition =
        new NetworkCondition(
            api,
            true,
            new Pace(
                clock::get,
                usual.wall(),
                usual.random(),
                usual.relist(),
                usual.write(),
                usual.distrust(),
                usual.restore()));
    condition.want();
  }

  @AfterEach
  void stop() {
    api.close();
    server.stop(0);
  }

  private static NodeFacts node(long version, String status) {
    return new TestNode("node1").version(version).condition(status, SINCE).facts();
  }

  @Test // an admission webhook that is slower than we wait
  void anUnansweredPatchThatWasAppliedIsNotRepeated() throws InterruptedException {
    status.set(0);
    assertThat(condition.act(node(7, "True"))).isEmpty();
    assertThat(condition.due(node(7, "True"))).isPresent();

    condition.act(node(8, "False"));

    assertThat(condition.due(node(8, "False"))).isEmpty();
    assertThat(condition.due(node(9, "True"))).as("changed again").isPresent();
  }

  private Duration pauseAfterRepair() throws InterruptedException {
    assertThat(condition.act(node(1, "True"))).isPresent();
    return Duration.ofNanos(condition.due(node(1, "True")).orElseThrow() - clock.get());
  }

  @Test // clouds have controllers that want something else
  void repairsGetRarerAndQuickAgainAfterPeace() throws InterruptedException {
    condition.act(node(1, "True"));
    for (int seconds : new int[] {2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600}) {
      assertThat(pauseAfterRepair()).isEqualTo(Duration.ofSeconds(seconds));
      clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }
    clock.addAndGet(Duration.ofSeconds(119).toNanos());
    assertThat(pauseAfterRepair()).isEqualTo(Duration.ofMinutes(10));
    clock.addAndGet(Duration.ofMinutes(12).toNanos());
    assertThat(pauseAfterRepair()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void anOlderStateProvesNothing() throws InterruptedException {
    status.set(0);
    condition.act(node(7, "False"));

    condition.act(node(7, "False"));

    assertThat(condition.due(node(7, "False"))).isPresent();
  }

  @Test
  void aRefusedPatchIsRepeated() throws InterruptedException {
    status.set(403);
    condition.act(node(7, "False"));

    condition.act(node(8, "False"));

    assertThat(condition.due(node(8, "False"))).isPresent();
  }

  @ParameterizedTest // RFC 9110, 10.2.3
  @CsvSource({"17,17", "100000,60", "99999999999,1", "0,1", "-5,1", "soon,1"})
  void theServerSaysWhenToTryAgain(String header, int seconds) throws InterruptedException {
    status.set(429);
    retryAfter.set(header);
    condition.act(node(7, "True"));

    Duration pause = Duration.ofNanos(condition.due(node(7, "True")).orElseThrow() - clock.get());

    assertThat(pause)
        .isBetween(Duration.ofMillis(750).multipliedBy(seconds), Duration.ofSeconds(seconds));
  }
}
