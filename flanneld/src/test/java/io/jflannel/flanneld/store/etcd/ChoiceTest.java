// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --etcd-api=auto} against a real etcd with both trees, and ones with one only. */
class ChoiceTest {

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final String CONFIG = "{\"Network\":\"10.5.0.0/16\"}";

  @SuppressWarnings("NullAway.Init")
  private static EtcdServer server;

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
  void freshPrefix() {
    prefix = "/choice/" + COUNT.incrementAndGet();
  }

  private Registry auto() {
    return open(server, EtcdApi.AUTO);
  }

  private Registry open(EtcdServer etcd, EtcdApi api) {
    return EtcdRegistries.open(EtcdFlags.at(etcd.url()).prefix(prefix).api(api));
  }

  private void v3Config() {
    server.etcdctl("put", prefix + "/config", CONFIG);
  }

  private void v2Put(String key, String value) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.url() + "/v2/keys" + prefix + key))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .PUT(BodyPublishers.ofString("value=" + value))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertThat(client.send(request, BodyHandlers.discarding()).statusCode()).isEqualTo(201);
    }
  }

  @Test
  void theTreeThatHoldsTheConfigurationIsChosen() throws Exception {
    try (Registry registry = auto()) {
      v3Config();
      assertThat(registry.config()).contains(CONFIG);
      assertThat(registry.description()).startsWith("etcd v3 ").contains("only the v3 tree");
      assertThat(registry.create("a", "b", Expiry.LEASED)).isInstanceOf(Written.Done.class);
      assertThat(registry.list().entries()).hasSize(1);
    }
    assertThat(server.etcdctl("get", prefix + "/subnets/a")).contains("b");
  }

  @Test
  void anOldTreeIsServedOn() throws Exception {
    try (Registry registry = auto()) {
      v2Put("/config", "{}");
      assertThat(registry.config()).contains("{}");
      assertThat(registry.description()).startsWith("etcd v2 ").contains("only the v2 tree");
      assertThat(registry.create("a", "b", Expiry.LEASED)).isInstanceOf(Written.Done.class);
      assertThat(registry.list().entries()).hasSize(1);
    }
    assertThat(server.etcdctl("get", prefix + "/subnets/a")).isEmpty();
  }

  @Test
  void ofTwoConfigurationsTheNewerApiCountsIfTheOldTreeHasNoLeases() throws Exception {
    v3Config();
    v2Put("/config", "{}");
    try (Registry registry = auto()) {
      assertThat(registry.config()).contains(CONFIG);
      assertThat(registry.description()).startsWith("etcd v3 ").contains("no leases");
    }
  }

  @Test
  void twoTreesInUseAreAnErrorThatNamesBothAndTheFlag() throws Exception {
    v3Config();
    v2Put("/config", "{}");
    v2Put("/subnets/10.5.1.0-24", "{}");
    try (Registry registry = auto()) {
      assertThatThrownBy(registry::config)
          .isInstanceOf(AmbiguousTreesException.class)
          .hasMessageContainingAll(
              prefix + "/config", "/v2/keys" + prefix + "/config", "--etcd-api=v2", "v3");
    }
    try (Registry v3 = open(server, EtcdApi.V3);
        Registry v2 = open(server, EtcdApi.V2)) {
      assertThat(v3.list().entries()).isEmpty();
      assertThat(v2.list().entries()).hasSize(1);
    }
  }

  @Test
  void withoutAConfigurationBothTreesAreLookedAtAgain() throws Exception {
    try (Registry registry = auto()) {
      assertThat(registry.config()).isEmpty();
      assertThat(registry.description()).contains("not chosen yet");
      assertThat(registry.configHint()).contains(prefix + "/config");
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("neither");

      v2Put("/config", "{}");
      assertThat(registry.config()).contains("{}");

      v3Config(); // the choice stands
      assertThat(registry.config()).contains("{}");
    }
  }

  @Test
  void withoutAV2ApiThereIsNothingToChoose() throws Exception {
    try (EtcdServer plain = EtcdServer.launch();
        Registry registry = open(plain, EtcdApi.AUTO);
        Registry v2 = open(plain, EtcdApi.V2)) {
      assertThat(registry.config()).isEmpty();
      assertThat(registry.description())
          .startsWith("etcd v3 ")
          .contains("3.")
          .contains("no v2 API");
      assertThatThrownBy(v2::config)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll(plain.url(), "--enable-v2");
    }
  }

  @Test
  void anEtcdOfVersionTwoIsAskedByItsOnlyApi() throws Exception {
    try (ServerSocket old = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Registry registry =
            EtcdRegistries.open(
                EtcdFlags.at("http://127.0.0.1:" + old.getLocalPort()).api(EtcdApi.AUTO))) {
      Thread.ofVirtual().start(() -> answer(old));

      assertThatThrownBy(registry::config).isInstanceOf(StoreException.class);
      assertThat(registry.description()).startsWith("etcd v2 ").contains("version 2.3.8");
    }
  }

  @ParameterizedTest // an Envoy or nginx in front, or another server altogether
  @ValueSource(ints = {200, 301, 403, 404, 426, 503})
  void whatIsNoEtcdIsNotTakenForOne(int status) throws Exception {
    try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Registry registry =
            EtcdRegistries.open(
                EtcdFlags.at("http://127.0.0.1:" + other.getLocalPort()).api(EtcdApi.AUTO))) {
      Thread.ofVirtual().start(() -> answer(other, status, "<html>"));

      assertThatThrownBy(registry::config)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll(
              ":" + other.getLocalPort() + " is no etcd",
              "GET /version was answered with HTTP status " + status,
              "it speaks no gRPC",
              "--etcd-endpoints")
          .hasMessageNotContainingAny("SETTINGS", "v2 key", "/v2/keys");
      assertThat(registry.description()).contains("not chosen yet");
    }
  }

  /** What etcd 2.3.8 says about itself, to everything. */
  private static void answer(ServerSocket server) {
    answer(server, 200, "{\"etcdserver\":\"2.3.8\",\"etcdcluster\":\"2.3.0\"}");
  }

  private static void answer(ServerSocket server, int status, String body) {
    byte[] text = ("HTTP/1.1 " + status + " Status\r\n\r\n" + body).getBytes(UTF_8);
    while (!server.isClosed()) {
      try (Socket client = server.accept()) {
        byte[] request = new byte[4096]; // what is left unread would make a reset of the end
        if (client.getInputStream().read(request) > 0) {
          client.getOutputStream().write(text);
        }
      } catch (IOException e) {
        // closed at the end of the test
      }
    }
  }

  @Test
  void whatIsNoWebServerIsCalledSo() throws Exception {
    try (ServerSocket web = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Registry registry =
            EtcdRegistries.open(
                EtcdFlags.at("http://127.0.0.1:" + web.getLocalPort()).api(EtcdApi.AUTO))) {
      Thread.ofVirtual()
          .start(() -> {
            while (!web.isClosed()) {
              try (Socket client = web.accept()) {
                client.getOutputStream().write("SSH-2.0-OpenSSH\r\n".getBytes(UTF_8));
              } catch (IOException e) {
                // closed at the end of the test
              }
            }
          });
      assertThatThrownBy(registry::config)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("does not speak HTTP");
    }
  }
}
