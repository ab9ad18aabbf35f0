// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.Version;
import io.jflannel.flanneld.store.kubernetes.access.ApiAccess;
import io.jflannel.flanneld.store.tls.Failures;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import tools.jackson.core.JacksonException;

/**
 * The few requests that flannel makes (8.11). Each has a limit for its answer and for the silence
 * inside it; interruption cancels. Safe for use by several threads.
 */
final class Api implements AutoCloseable {

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(10);

  /** Longer than an admission webhook may take, and the server waits for. */
  private static final Duration ADMITTED = Duration.ofSeconds(35);

  private static final int PAGE = 500;

  /** In seconds. */
  private static final int LONGEST_RETRY = 60;

  private final ApiAccess access;
  private final AnnotationKeys keys;
  private final String base;
  private volatile HttpClient client;

  Api(ApiAccess access, AnnotationKeys keys) {
    this.access = access;
    this.keys = keys;
    String url = access.server().toString();
    this.base = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    this.client = connect();
  }

  private HttpClient connect() {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .proxy(
                access
                    .proxy()
                    .map(proxy ->
                        ProxySelector.of(new InetSocketAddress(proxy.host(), proxy.port())))
                    .orElse(HttpClient.Builder.NO_PROXY));
    access
        .tls()
        .ifPresent(tls -> {
          builder.sslContext(tls.context());
          builder.sslParameters(parameters(tls));
        });
    return builder.build();
  }

  private static SSLParameters parameters(ApiAccess.ServerTls tls) {
    SSLParameters parameters = tls.context().getDefaultSSLParameters();
    parameters.setCipherSuites(cheapFirst(parameters.getCipherSuites()));
    tls.name()
        .ifPresent(name -> {
          try {
            parameters.setServerNames(List.of(new SNIHostName(name)));
          } catch (IllegalArgumentException e) {
            // an address: the certificate is checked for it, but it is not announced
          }
        });
    return parameters;
  }

  /** Without the JVM's second compiler AES takes three times as long as ChaCha20. */
  private static String[] cheapFirst(String[] suites) {
    return Stream.of(suites)
        .sorted(Comparator.comparing(suite -> !suite.contains("CHACHA20")))
        .toArray(String[]::new);
  }

  /** The server's URL. */
  String server() {
    return base;
  }

  /** Requests in progress end; the next ones connect anew (P20). */
  void reconnect() {
    HttpClient old = client;
    client = connect();
    old.shutdownNow();
  }

  /** The Node of this name. */
  NodeFacts node(String name) throws InterruptedException {
    return ask(get("/api/v1/nodes/" + name), NodeReader::whole);
  }

  /** Where a pod runs; empty if it is not known yet. */
  String nodeOfPod(String namespace, String pod) throws InterruptedException {
    return ask(get("/api/v1/namespaces/" + namespace + "/pods/" + pod), NodeReader::nodeNameOfPod);
  }

  /**
   * Changes a Node by a strategic merge patch of its status, which is all that upstream's rights
   * allow; the answer is the Node as it is then.
   */
  NodeFacts patchStatus(String name, String json) throws InterruptedException {
    HttpRequest request =
        request("/api/v1/nodes/" + name + "/status")
            .header("Content-Type", "application/strategic-merge-patch+json")
            .method("PATCH", BodyPublishers.ofString(json, UTF_8))
            .timeout(ADMITTED)
            .build();
    return ask(request, NodeReader::whole);
  }

  /**
   * All nodes, page by page.
   *
   * @param version as the parameter {@code resourceVersion}: {@code 0} for any, a number for one
   *     not older than this, empty for the newest
   * @return the list's version
   */
  String list(String version, Consumer<NodeFacts> nodes) throws InterruptedException {
    String path = "/api/v1/nodes?limit=" + PAGE;
    NodeReader.PageEnd end = ask(get(path + from(version)), reader -> reader.page(nodes));
    while (!end.next().isEmpty()) {
      end =
          ask(
              get(path + "&continue=" + URLEncoder.encode(end.next(), UTF_8)),
              reader -> reader.page(nodes));
    }
    return end.version();
  }

  /** Of a page the API server takes a number for exactly that version, unless it is told. */
  private static String from(String version) {
    return switch (version) {
      case "" -> "";
      case "0" -> "&resourceVersion=0";
      default -> "&resourceVersion=" + version + "&resourceVersionMatch=NotOlderThan";
    };
  }

  /** Takes what a watch tells. */
  interface Watcher {
    /** The server has accepted it. */
    void begins() throws InterruptedException;

    void event(WatchEvent event) throws InterruptedException;
  }

  /**
   * Watches all nodes after a version, until the server ends it, as it does every few minutes.
   *
   * @param limit how long the server shall let it run
   * @param silence how long nothing may come, bookmarks included
   * @throws ApiException also if it breaks or falls silent
   */
  void watch(String version, Duration limit, Duration silence, Watcher watcher)
      throws InterruptedException {
    HttpRequest request =
        get(
            "/api/v1/nodes?allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d&watch=true"
                .formatted(version, limit.toSeconds()));
    try (Body body = send(request, silence)) {
      watcher.begins(); // the reader waits for the first byte
      try (NodeReader reader = new NodeReader(body.decoded(), keys)) {
        Optional<WatchEvent> event = reader.event();
        while (event.isPresent()) {
          watcher.event(event.get());
          event = reader.event();
        }
      }
    } catch (IOException | JacksonException e) {
      throw broken(e);
    }
  }

  private HttpRequest get(String path) {
    return request(path).GET().timeout(ANSWER).build();
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(base + path))
            .header("Accept", "application/json")
            .header("Accept-Encoding", "gzip") // a list is compressed well, and decrypting is dear
            .header("User-Agent", "flanneld/" + Version.text() + " (linux)");
    access.credential().header().ifPresent(value -> builder.header("Authorization", value));
    return builder;
  }

  private interface Reading<T> {
    T from(NodeReader reader);
  }

  private <T> T ask(HttpRequest request, Reading<T> reading) throws InterruptedException {
    try (Body body = send(request, ANSWER);
        NodeReader reader = new NodeReader(body.decoded(), keys)) {
      return reading.from(reader);
    } catch (IOException | JacksonException e) {
      throw broken(e);
    }
  }

  private ApiException broken(Exception e) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Throwable cause = e instanceof JacksonException && e.getCause() != null ? e.getCause() : e;
    int status =
        switch (cause) {
          case Body.SilentException _ -> ApiException.SILENT;
          case JacksonException _ -> ApiException.UNREADABLE;
          default -> ApiException.NO_ANSWER;
        };
    return new ApiException(
        status,
        "the API server at %s broke off its answer: %s".formatted(base, cause.getMessage()));
  }

  private Body send(HttpRequest request, Duration silence) throws InterruptedException {
    HttpResponse<InputStream> response;
    try {
      response = client.send(request, BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new ApiException(
          ApiException.NO_ANSWER, unreachable(e, request.timeout().orElse(ANSWER)));
    }
    boolean gzip =
        response.headers().firstValue("Content-Encoding").filter("gzip"::equals).isPresent();
    Body body = new Body(response.body(), silence, gzip);
    if (response.statusCode() / 100 == 2) {
      return body;
    }
    throw refused(response.statusCode(), body, retryAfter(response.headers()));
  }

  /** RFC 9110, 10.2.3, the form in seconds. What is more than a minute is not heeded longer. */
  private static Duration retryAfter(HttpHeaders headers) {
    return headers
        .firstValue("Retry-After")
        .filter(text -> text.matches("[0-9]{1,9}"))
        .map(text -> Duration.ofSeconds(Math.min(Integer.parseInt(text), LONGEST_RETRY)))
        .orElse(Duration.ZERO);
  }

  private ApiException refused(int status, Body body, Duration retryAfter) {
    String said = "";
    try (body;
        NodeReader reader = new NodeReader(body.decoded(), keys)) {
      said = reader.messageOfStatus();
    } catch (IOException | JacksonException e) {
      // a proxy's page, or nothing: the status must do
    }
    String text = said.length() > 300 ? said.substring(0, 300) + "..." : said;
    String about = text.isEmpty() ? "HTTP status " + status : text + " (" + status + ")";
    return new ApiException(
        status,
        switch (status) {
          case 401 ->
              "the API server at %s does not accept our credentials, %s: %s"
                  .formatted(base, access.credential().origin(), about);
          case 403 ->
              ("the API server at %s refuses: %s; flannel needs the rights: get pods; get, list,"
                      + " watch nodes; patch nodes/status")
                  .formatted(base, about);
          default -> "the API server at %s: %s".formatted(base, about);
        },
        retryAfter);
  }

  private String unreachable(IOException e, Duration limit) {
    List<String> text = new ArrayList<>();
    String why =
        switch (e) {
          case HttpConnectTimeoutException _ ->
              "no connection within %d s".formatted(CONNECT.toSeconds());
          case HttpTimeoutException _ -> "no answer within %d s".formatted(limit.toSeconds());
          default -> Failures.explain(e, access.tls().map(ApiAccess.ServerTls::material));
        };
    text.add("the API server at %s cannot be reached: %s".formatted(base, why));
    access
        .proxy()
        .ifPresent(proxy -> text.add("through proxy %s:%d".formatted(proxy.host(), proxy.port())));
    if (access.inCluster()) { // P18
      text.add(
          "this is the service \"kubernetes\", which kube-proxy provides: does it run on this node?"
              + " --kube-api-url, or KUBERNETES_SERVICE_HOST and _PORT, can name the server itself");
    }
    return String.join("; ", text);
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
