// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.jflannel.flanneld.config.Options;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * {@code /healthz} and {@code /readyz} (LIF-7). Bodies, codes and types are upstream's; a 503 goes
 * on with one reason a line (P36). The JDK's server writes header names as {@code Content-type} and
 * in its own order, and answers 404 where upstream redirects {@code //healthz}.
 */
public final class HealthServer implements AutoCloseable {

  /**
   * The JDK's server waits without limit unless told otherwise: requests and responses get 10 s,
   * looked at every 5 s.
   */
  private static final Map<String, String> LIMITS =
      Map.of(
          "sun.net.httpserver.maxReqTime", "10",
          "sun.net.httpserver.maxRspTime", "10",
          "sun.net.httpserver.timerMillis", "5000",
          "jdk.httpserver.maxConnections", "128");

  private static final int LARGEST_PORT = 65535;

  private final HttpServer server;
  private final Supplier<Readiness> readiness;

  private HealthServer(HttpServer server, Supplier<Readiness> readiness) {
    this.server = server;
    this.readiness = readiness;
  }

  /** What is sent. */
  private record Answer(int status, String body) {}

  /**
   * Starts to listen and answer.
   *
   * @param readiness asked at each {@code /readyz}, on any thread
   * @throws IOException if the address cannot be bound; the message names it (ODD-51)
   */
  public static HealthServer start(Options.Health where, Supplier<Readiness> readiness)
      throws IOException {
    LIMITS.forEach(System::setProperty);
    HealthServer health = new HealthServer(bind(where), readiness);
    health.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    health.server.createContext("/", health::answer);
    health.server.start();
    return health;
  }

  private static HttpServer bind(Options.Health where) throws IOException {
    String text = where.ip() + ":" + where.port();
    if (where.port() > LARGEST_PORT) {
      throw new IOException("health server: --healthz-port=" + where.port() + " is no port");
    }
    try {
      // An empty address means all of them, as in Go.
      InetSocketAddress address =
          where.ip().isEmpty()
              ? new InetSocketAddress(where.port())
              : new InetSocketAddress(InetAddress.getByName(where.ip()), where.port());
      return HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException(
          "health server: cannot listen on "
              + text
              + ": "
              + e.getMessage()
              + " (--healthz-ip, --healthz-port)",
          e);
    }
  }

  /** The address it listens on. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer = answerTo(exchange.getRequestURI().getRawPath());
      byte[] body = answer.body().getBytes(UTF_8);
      Headers headers = exchange.getResponseHeaders();
      headers.set("Content-Type", "text/plain; charset=utf-8");
      if (answer.status() == 404) {
        headers.set("X-Content-Type-Options", "nosniff");
      }
      if (exchange.getRequestMethod().equals("HEAD")) {
        headers.set("Content-Length", Integer.toString(body.length));
        exchange.sendResponseHeaders(answer.status(), -1);
      } else {
        exchange.sendResponseHeaders(answer.status(), body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  private Answer answerTo(String path) {
    return switch (path) {
      case "/healthz" -> new Answer(200, "flanneld is running");
      case "/readyz" -> readyz(readiness.get());
      default -> new Answer(404, "404 page not found\n");
    };
  }

  private static Answer readyz(Readiness readiness) {
    return readiness.ready()
        ? new Answer(200, "flanneld is ready")
        : new Answer(
            503, "flanneld is not ready yet\n" + String.join("\n", readiness.reasons()) + "\n");
  }

  /** Serves until the calling thread is interrupted. */
  public void untilInterrupted() throws InterruptedException {
    try {
      Thread.sleep(Duration.ofMillis(Long.MAX_VALUE));
    } finally {
      close();
    }
  }

  /** Stops listening and ends open connections. */
  @Override
  public void close() {
    server.stop(0);
  }
}
