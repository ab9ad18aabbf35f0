// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd2;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreUnderTest;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** A tree of its own in a real etcd's v2 store, and plain requests to ill-treat it. */
public final class Etcd2Store implements StoreUnderTest {

  /** etcd remembers so many events. */
  private static final int HISTORY = 1_000;

  private final EtcdServer server;
  private final String prefix;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  public Etcd2Store(EtcdServer server, String prefix) {
    this.server = server;
    this.prefix = prefix;
  }

  @Override
  public Registry open() {
    return new Etcd2Registry(
        EtcdAccess.of(EtcdFlags.at(server.url()).prefix(prefix).api(EtcdApi.V2)));
  }

  /** A request that must succeed; the answer's body. */
  String send(String method, String key, String query, String form) {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(server.url() + "/v2/keys" + Etcd2Registry.target(key) + query))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .method(method, BodyPublishers.ofString(form))
            .build();
    try {
      var answer = client.send(request, BodyHandlers.ofString());
      if (answer.statusCode() >= 300) {
        throw new IllegalStateException(answer.statusCode() + ": " + answer.body());
      }
      return answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private String key(String name) {
    return prefix + "/subnets/" + name;
  }

  /** Any bytes: etcd takes what the percent signs say. */
  private static String form(byte[] value) {
    return "value=" + URLEncoder.encode(new String(value, ISO_8859_1), ISO_8859_1);
  }

  @Override
  public void put(String name, byte[] value) {
    send("PUT", key(name), "", form(value));
  }

  @Override
  public void put(String name, byte[] value, Duration ttl) {
    send("PUT", key(name), "", "ttl=" + ttl.toSeconds() + "&" + form(value));
  }

  @Override
  public void delete(String name) {
    send("DELETE", key(name), "", "");
  }

  @Override
  public void expire(String name) {
    send("PUT", key(name), "?prevExist=true", "ttl=1&refresh=true");
  }

  @Override
  public void config(String text) {
    send("PUT", prefix + "/config", "", form(text.getBytes(UTF_8)));
  }

  @Override
  public void deleteConfig() {
    send("DELETE", prefix + "/config", "", "");
  }

  @Override
  public void forget() {
    for (int i = 0; i <= HISTORY; i++) {
      send("PUT", "/elsewhere", "", "value=" + i);
    }
  }

  @Override
  public void stop() {
    server.stop();
  }

  @Override
  public void start() {
    server.start();
  }

  @Override
  public void replace() {
    server.wipe();
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
