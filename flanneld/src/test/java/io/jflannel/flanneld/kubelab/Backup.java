// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kubelab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.store.etcd.TestPrograms;
import io.jflannel.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** What the etcd of an API server on loopback held at some time. */
public final class Backup {

  private static final String PUT =
      "{\"key\":\"%s\",\"value\":\"\"}"
          .formatted(Base64.getEncoder().encodeToString("/unrelated".getBytes(UTF_8)));

  private final ApiServer server;
  private final Path data;
  private final Path copy;

  private Backup(ApiServer server) {
    this.server = server;
    this.data = server.directory().resolve("etcd");
    this.copy = server.directory().resolve("etcd.saved");
  }

  /** Takes one; the API server is restarted for it. */
  public static Backup of(ApiServer server) {
    Backup backup = new Backup(server);
    server.script("stop");
    copy(backup.data, backup.copy);
    server.start();
    return backup;
  }

  private static void copy(Path from, Path to) {
    TestPrograms.deleteTree(to);
    Kubelab.run(List.of("cp", "-a", from.toString(), to.toString()), Map.of(), "").orThrow();
  }

  /**
   * Restores it, as {@code etcdutl snapshot restore --bump-revision} does: what is there has its
   * former versions, what is written later gets higher ones than any before.
   */
  public void restore() {
    long highest = put();
    server.script("stop");
    copy(copy, data);
    server.script("store");
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> put() > highest); // each is a revision
    server.start();
  }

  /** Writes a key that Kubernetes does not know, and returns the revision of that. */
  private long put() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.etcdUrl() + "/v3/kv/put"))
            .POST(BodyPublishers.ofString(PUT))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      Json answer = Json.parse(client.send(request, BodyHandlers.ofString()).body());
      Json.Obj header = (Json.Obj) ((Json.Obj) answer).member("header").orElseThrow();
      return Long.parseLong(((Json.Str) header.member("revision").orElseThrow()).value());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
