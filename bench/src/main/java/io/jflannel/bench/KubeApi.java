// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A real Kubernetes API server, with its etcd, on a host; its nodes are objects, no more. */
final class KubeApi {

  private static final int CLIENTS = 8;
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private final Host host;
  private final Path directory;
  private final HttpClient client;
  private final String token;

  private KubeApi(Host host, Path directory, HttpClient client, String token) {
    this.host = host;
    this.directory = directory;
    this.client = client;
    this.token = token;
  }

  /** Starts one by {@code kubelab/apiserver}, whose path and program bench/run exports. */
  static KubeApi start(Host host) throws InterruptedException {
    Path directory = host.directory().resolve("api");
    Process process =
        host.start(
            host.directory().resolve("api.log"),
            List.of(
                "env",
                "API_ADDR=" + Host.ADDRESS,
                exported("JFLANNEL_APISERVER"),
                "run",
                directory.toString()));
    Path log = host.directory().resolve("api.log");
    Deadline.seconds(180)
        .await(
            "the API server", process, () -> contents(log).contains(kubeconfig(directory) + "\n"));
    String token =
        contents(kubeconfig(directory)).replaceAll("(?s).*token: (\\w+).*", "$1"); // made by it
    HttpClient client =
        host.namespace()
            .run(() ->
                HttpClient.newBuilder()
                    .sslContext(trusting(directory.resolve("pki/ca.crt")))
                    .build());
    return new KubeApi(host, directory, client, token);
  }

  /** What bench/run exports. */
  static String exported(String name) {
    return Optional.ofNullable(System.getenv(name))
        .orElseThrow(() -> new IllegalStateException(name + " is not set: use bench/run"));
  }

  private static String contents(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException notYet) {
      return "";
    }
  }

  private static SSLContext trusting(Path authority) throws IOException, GeneralSecurityException {
    try (InputStream pem = Files.newInputStream(authority)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    }
  }

  /** The administrator's. */
  Path kubeconfig() {
    return kubeconfig(directory);
  }

  private static Path kubeconfig(Path directory) {
    return directory.resolve("admin.kubeconfig");
  }

  /** Makes the peers from (inclusive) to (exclusive), by several connections. */
  void add(KubeNodes nodes, int from, int to) throws InterruptedException {
    each(from, to, peer -> send("POST", "", "application/json", nodes.peer(peer)));
  }

  /** Makes one node. */
  void add(String node) throws InterruptedException {
    inNamespace(() -> send("POST", "", "application/json", node));
  }

  /** What the kubelet of each of so many peers in turn says when nothing happened but time. */
  void heartbeats(int peers, int count) throws InterruptedException {
    each(
        0,
        count,
        beat ->
            send(
                "PATCH",
                "/" + KubeNodes.name(beat % peers) + "/status",
                "application/strategic-merge-patch+json",
                KubeNodes.heartbeat(beat)));
  }

  /** Removes a peer. */
  void remove(int peer) throws InterruptedException {
    inNamespace(() -> send("DELETE", "/" + KubeNodes.name(peer), "application/json", ""));
  }

  /** Bytes of a peer's Node as the server writes it. */
  int bytes(int peer) throws InterruptedException {
    return inNamespace(() -> send("GET", "/" + KubeNodes.name(peer), "application/json", ""));
  }

  private interface Request {
    int send(int number) throws IOException, InterruptedException;
  }

  private void each(int from, int to, Request request) throws InterruptedException {
    inNamespace(() -> {
      try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
        List<Future<?>> parts = new ArrayList<>();
        for (int part = 0; part < CLIENTS; part++) {
          int first = from + part;
          parts.add(
              clients.submit(() -> {
                for (int number = first; number < to; number += CLIENTS) {
                  request.send(number);
                }
                return true;
              }));
        }
        for (Future<?> part : parts) {
          part.get();
        }
        return true;
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      }
    });
  }

  /** Threads and sockets belong to the namespace of the thread that makes them. */
  private <T> T inNamespace(Callable<T> task) throws InterruptedException {
    return host.namespace().run(task);
  }

  private int send(String method, String path, String type, String body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("https://%s:6443/api/v1/nodes%s".formatted(Host.ADDRESS, path)))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", type)
            .header("User-Agent", "kubelet/v1.34.4 (linux/amd64)") // names the managed fields
            .timeout(ANSWER)
            .method(method, BodyPublishers.ofString(body))
            .build();
    HttpResponse<byte[]> answer = client.send(request, BodyHandlers.ofByteArray());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(
          "%s %s: status %d".formatted(method, request.uri(), answer.statusCode()));
    }
    return answer.body().length;
  }
}
