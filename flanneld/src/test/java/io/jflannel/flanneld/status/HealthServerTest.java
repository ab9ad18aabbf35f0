// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.Options;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LIF-7 and the golden file's section 2, over a real socket. */
class HealthServerTest {

  private final AtomicReference<Readiness> readiness =
      new AtomicReference<>(new Readiness(List.of()));
  private HealthServer server;

  @BeforeEach
  void start() throws IOException {
    server = HealthServer.start(new Options.Health("127.0.0.1", 0), readiness::get);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({"GET,/healthz", "POST,/healthz", "DELETE,/healthz", "GET,/healthz?x=1"})
  void healthz(String method, String target) throws IOException {
    String answer = ask(method, target);

    assertThat(answer).startsWith("HTTP/1.1 200 OK\r\nDate: ");
    assertThat(answer).containsIgnoringCase("\r\nContent-Length: 19\r\n");
    assertThat(answer).containsIgnoringCase("\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assertThat(answer).endsWith("\r\n\r\nflanneld is running");
  }

  @Test
  void headHasTheSameHeadersAndNoBody() throws IOException {
    String answer = ask("HEAD", "/healthz");

    assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n");
    assertThat(answer).containsIgnoringCase("\r\nContent-Length: 19\r\n");
    assertThat(answer).endsWith("\r\n\r\n");
  }

  @Test
  void readyzWhenReady() throws IOException {
    String answer = ask("GET", "/readyz");

    assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n");
    assertThat(answer).containsIgnoringCase("\r\nContent-Length: 17\r\n");
    assertThat(answer).endsWith("\r\n\r\nflanneld is ready");
  }

  @Test
  void readyzSaysWhyNot() throws IOException { // P36
    readiness.set(new Readiness(List.of("lease: out of subnets", "device flannel.1 is down")));

    String answer = ask("GET", "/readyz");

    assertThat(answer).startsWith("HTTP/1.1 503 Service Unavailable\r\n");
    assertThat(answer)
        .endsWith(
            "\r\n\r\nflanneld is not ready yet\nlease: out of subnets\ndevice flannel.1 is down\n");
  }

  @ParameterizedTest
  @CsvSource({"/", "/x", "/healthz/", "/HEALTHZ", "/readyz/x"})
  void anythingElseIsNotFound(String target) throws IOException {
    String answer = ask("GET", target);

    assertThat(answer).startsWith("HTTP/1.1 404 Not Found\r\n");
    assertThat(answer).containsIgnoringCase("\r\nContent-Length: 19\r\n");
    assertThat(answer).containsIgnoringCase("\r\nX-Content-Type-Options: nosniff\r\n");
    assertThat(answer).endsWith("\r\n\r\n404 page not found\n");
  }

  @Test
  void anAddressInUseIsToldByName() throws IOException { // ODD-51
    try (ServerSocket taken = new ServerSocket(0)) {
      Options.Health where = new Options.Health("0.0.0.0", taken.getLocalPort());

      assertThatThrownBy(() -> HealthServer.start(where, readiness::get))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("health server: cannot listen on 0.0.0.0:" + where.port())
          .hasMessageContaining("(--healthz-ip, --healthz-port)");
    }
  }

  @Test
  void aPortAbove65535IsRefused() {
    assertThatThrownBy(
            () -> HealthServer.start(new Options.Health("127.0.0.1", 70000), readiness::get))
        .isInstanceOf(IOException.class)
        .hasMessage("health server: --healthz-port=70000 is no port");
  }

  @Test
  void anIpv6AddressIsBound() throws IOException {
    try (HealthServer v6 = HealthServer.start(new Options.Health("::1", 0), readiness::get)) {
      assertThat(v6.address().getAddress().isLoopbackAddress()).isTrue();
    }
  }

  private String ask(String method, String target) throws IOException {
    try (Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
      socket.setSoTimeout(10_000);
      String request =
          method + " " + target + " HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }
}
