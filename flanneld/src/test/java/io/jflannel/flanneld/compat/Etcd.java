// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.etcd.TestPrograms;
import io.jflannel.json.Json;
import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.awaitility.Awaitility;

/**
 * A real etcd in a network namespace, and raw access to it: through its JSON gateway (v3) and the
 * keys API (v2), not through code of ours.
 */
final class Etcd implements AutoCloseable {

  private static final int PORT = 2379;

  private final String namespace;
  private final Process process;

  private Etcd(String namespace, Process process) {
    this.namespace = namespace;
    this.process = process;
  }

  static Etcd start(String namespace, Path directory) throws IOException {
    TestPrograms.needs("etcd", "etcd-server");
    ProcessBuilder builder =
        new ProcessBuilder(
                "ip",
                "netns",
                "exec",
                namespace,
                "etcd",
                "--data-dir=" + directory,
                "--enable-v2",
                "--listen-client-urls=http://0.0.0.0:2379",
                "--advertise-client-urls=http://10.77.0.254:2379",
                "--heartbeat-interval=50",
                "--election-timeout=500",
                "--logger=zap",
                "--log-level=error")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolveSibling("etcd.log").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("ETCD"));
    Etcd etcd = new Etcd(namespace, builder.start());
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptions()
        .until(() -> etcd.send("GET", "/health", "", "").contains("true"));
    return etcd;
  }

  void put(String key, String value) throws InterruptedException {
    put(key.getBytes(UTF_8), value.getBytes(UTF_8));
  }

  void put(byte[] key, byte[] value) throws InterruptedException {
    v3("/v3/kv/put", "{\"key\":\"%s\",\"value\":\"%s\"}".formatted(base64(key), base64(value)));
  }

  /** As a daemon writes it: with a lease of its own. */
  void putLeased(String key, String value) throws InterruptedException {
    Json.Obj grant = (Json.Obj) Json.parse(v3("/v3/lease/grant", "{\"TTL\":86400}"));
    v3(
        "/v3/kv/put",
        "{\"key\":\"%s\",\"value\":\"%s\",\"lease\":\"%s\"}"
            .formatted(
                base64(key.getBytes(UTF_8)),
                base64(value.getBytes(UTF_8)),
                text(grant, "ID").orElseThrow()));
  }

  void delete(String key) throws InterruptedException {
    v3("/v3/kv/deleterange", "{\"key\":\"%s\"}".formatted(base64(key.getBytes(UTF_8))));
  }

  /** Values by key of everything whose key starts with {@code prefix}. */
  Map<String, String> list(String prefix) throws InterruptedException {
    Map<String, String> found = new TreeMap<>();
    for (Json.Obj entry : entries(prefix)) {
      found.put(decoded(entry, "key"), decoded(entry, "value"));
    }
    return found;
  }

  /** How often the key has been written, and whether it has an etcd lease. */
  Meta meta(String key) throws InterruptedException {
    for (Json.Obj entry : entries(key)) {
      if (decoded(entry, "key").equals(key)) {
        return new Meta(text(entry, "version").orElse("0"), text(entry, "lease").isPresent());
      }
    }
    throw new AssertionError("no key " + key);
  }

  record Meta(String version, boolean leased) {}

  private Iterable<Json.Obj> entries(String prefix) throws InterruptedException {
    byte[] end = prefix.getBytes(UTF_8);
    end[end.length - 1]++;
    String answer =
        v3(
            "/v3/kv/range",
            "{\"key\":\"%s\",\"range_end\":\"%s\"}"
                .formatted(base64(prefix.getBytes(UTF_8)), base64(end)));
    return Json.parse(answer) instanceof Json.Obj object
            && object.member("kvs").orElse(new Json.Null()) instanceof Json.Arr found
        ? found.items().stream().map(Json.Obj.class::cast).toList()
        : java.util.List.of();
  }

  private static Optional<String> text(Json.Obj object, String name) {
    return object.member(name).map(json -> ((Json.Str) json).value());
  }

  private static String decoded(Json.Obj entry, String name) {
    return new String(Base64.getDecoder().decode(text(entry, name).orElse("")), UTF_8);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private String v3(String path, String body) throws InterruptedException {
    return send("POST", path, "application/json", body);
  }

  /** Sets a key of the v2 tree. */
  void put2(String key, String value) throws InterruptedException {
    String form = "value=" + URLEncoder.encode(value, UTF_8);
    send("PUT", "/v2/keys" + key, "application/x-www-form-urlencoded", form);
  }

  /** The answer to a listing of the v2 tree. */
  String list2(String key) throws InterruptedException {
    return send("GET", "/v2/keys" + key, "", "");
  }

  /** The body of the answer, whose status must be 2xx. */
  private String send(String method, String path, String type, String body)
      throws InterruptedException {
    try (NetworkNamespace there = NetworkNamespace.named(namespace)) {
      return there.run(() -> exchange(method, path, type, body));
    }
  }

  private static String exchange(String method, String path, String type, String body)
      throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
      socket.setSoTimeout(10_000);
      byte[] payload = body.getBytes(ISO_8859_1);
      String head =
          "%s %s HTTP/1.0\r\nHost: etcd\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
              .formatted(method, path, type, payload.length);
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      socket.getOutputStream().write(payload);
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      int split = answer.indexOf("\r\n\r\n");
      if (!answer.startsWith("HTTP/1.0 2") && !answer.startsWith("HTTP/1.1 2")) {
        throw new IOException(answer);
      }
      return answer.substring(split + 4);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
