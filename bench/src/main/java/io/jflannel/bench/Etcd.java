// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A real etcd on a host, on its loopback, written to through etcd's JSON gateway. */
final class Etcd {

  static final String ENDPOINT = "http://127.0.0.1:2379";

  private static final String PREFIX = "/coreos.com/network/";
  private static final int PUTS_PER_TRANSACTION = 500;

  private final Host host;

  private Etcd(Host host) {
    this.host = host;
  }

  /** Starts one with a configuration and the leases of the peers 0 to count - 1. */
  static Etcd start(Host host, Peers peers, int count) throws InterruptedException {
    Path data = host.directory().resolve("etcd");
    Process process =
        host.start(
            host.directory().resolve("etcd.log"),
            List.of("etcd", "--data-dir=" + data, "--max-txn-ops=1000"));
    Etcd etcd = new Etcd(host);
    Deadline.seconds(30).await("etcd", process, () -> etcd.answers(peers.config()));
    for (int from = 0; from < count; from += PUTS_PER_TRANSACTION) {
      etcd.add(peers, from, Math.min(from + PUTS_PER_TRANSACTION, count));
    }
    return etcd;
  }

  /** Adds the leases of the peers from (inclusive) to (exclusive) in one transaction. */
  void add(Peers peers, int from, int to) throws InterruptedException {
    String puts =
        IntStream.range(from, to)
            .mapToObj(peer -> put(Peers.key(peer), peers.lease(peer)))
            .collect(Collectors.joining(","));
    host.namespace().run(() -> post(puts));
  }

  private boolean answers(String config) throws InterruptedException {
    return host.namespace()
        .run(() -> {
          try {
            return post(put("config", config)) > 0;
          } catch (IOException notYet) {
            return false;
          }
        });
  }

  private static String put(String key, String value) {
    return "{\"requestPut\":{\"key\":\"%s\",\"value\":\"%s\"}}"
        .formatted(base64(PREFIX + key), base64(value));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * One connection per request, opened by the calling thread: it belongs to the thread's namespace,
   * where the same address means another etcd.
   *
   * @return size of the answer in bytes
   */
  private static int post(String puts) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(ENDPOINT + "/v3/kv/txn").toURL().openConnection();
    connection.setRequestProperty("Connection", "close");
    connection.setDoOutput(true);
    try (OutputStream body = connection.getOutputStream()) {
      body.write(("{\"success\":[" + puts + "]}").getBytes(StandardCharsets.UTF_8));
    }
    try (var answer = connection.getInputStream()) { // fails unless the status is good
      return answer.readAllBytes().length;
    }
  }
}
