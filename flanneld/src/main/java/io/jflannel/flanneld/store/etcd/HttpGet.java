// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.Endpoint;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * A GET by HTTP/1.0 over a plain or TLS socket, for the few questions at start: {@code
 * java.net.http} would cost more start-up time than all of them.
 */
final class HttpGet {

  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration HEAD_START = Duration.ofMillis(500);
  private static final int CONNECT_MILLIS = 1_000;
  private static final int LARGEST_BODY = 32 * 1024 * 1024;

  private final EtcdAccess access;

  /** An HTTP answer; the body is cut at 32 MiB. */
  record Answer(int status, String body) {}

  HttpGet(EtcdAccess access) {
    this.access = access;
  }

  /** How the question to one endpoint ended; the answer is empty if there was a failure. */
  private record Outcome(Endpoint endpoint, Optional<Answer> answer, String failure) {}

  /**
   * The answer of the first endpoint that gives one; a silent one gets company by the next.
   *
   * @param path below the endpoint's URL, with query
   * @throws StoreException naming each endpoint and what was wrong with it
   */
  Answer get(String path) throws InterruptedException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    Deque<Endpoint> waiting = new ArrayDeque<>(access.endpoints().list());
    LinkedBlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    Map<Endpoint, String> failures = new LinkedHashMap<>();
    List<Thread> threads = new ArrayList<>();
    try {
      while (failures.size() < access.endpoints().list().size()
          && System.nanoTime() - deadline < 0) {
        if (!waiting.isEmpty()) {
          Endpoint next = waiting.remove();
          // a virtual thread's socket is closed by an interrupt
          threads.add(
              Thread.ofVirtual().name("etcd-get").start(() -> outcomes.add(outcome(next, path))));
        }
        long left = deadline - System.nanoTime();
        long wait = waiting.isEmpty() ? left : Math.min(left, HEAD_START.toNanos());
        Optional<Outcome> outcome = Optional.ofNullable(outcomes.poll(wait, TimeUnit.NANOSECONDS));
        if (outcome.isPresent() && outcome.get().answer().isPresent()) {
          return outcome.get().answer().get();
        }
        outcome.ifPresent(failed -> failures.put(failed.endpoint(), failed.failure()));
      }
      throw unreachable(failures);
    } finally {
      threads.forEach(Thread::interrupt);
    }
  }

  private Outcome outcome(Endpoint endpoint, String path) {
    try {
      return new Outcome(endpoint, Optional.of(ask(endpoint, path)), "");
    } catch (SocketTimeoutException e) {
      return new Outcome(endpoint, Optional.empty(), "no connection within 1 s");
    } catch (IOException e) {
      return new Outcome(endpoint, Optional.empty(), access.explain(e));
    }
  }

  private StoreException unreachable(Map<Endpoint, String> failures) {
    String silent = "no answer within %d s".formatted(LIMIT.toSeconds());
    access.endpoints().list().forEach(endpoint -> failures.putIfAbsent(endpoint, silent));
    return new StoreException("etcd cannot be reached: " + EtcdAccess.list(failures));
  }

  private Answer ask(Endpoint endpoint, String path) throws IOException {
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(endpoint.host(), endpoint.port()), CONNECT_MILLIS);
      if (access.tls().isEmpty()) {
        return exchange(plain, endpoint, path);
      }
      SSLSocketFactory factory = access.tls().get().context().getSocketFactory();
      try (SSLSocket tls =
          (SSLSocket) factory.createSocket(plain, endpoint.host(), endpoint.port(), true)) {
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        return exchange(tls, endpoint, path);
      }
    }
  }

  private Answer exchange(Socket socket, Endpoint endpoint, String path) throws IOException {
    StringBuilder request = new StringBuilder();
    request.append("GET ").append(endpoint.path()).append(path).append(" HTTP/1.0\r\n");
    request.append("Host: ").append(endpoint.authority()).append("\r\n");
    access
        .credentials()
        .ifPresent(known ->
            request
                .append("Authorization: Basic ")
                .append(
                    Base64.getEncoder()
                        .encodeToString((known.user() + ":" + known.password()).getBytes(UTF_8)))
                .append("\r\n"));
    request.append("\r\n");
    socket.getOutputStream().write(request.toString().getBytes(ISO_8859_1));
    return parse(new String(socket.getInputStream().readNBytes(LARGEST_BODY), UTF_8));
  }

  private static Answer parse(String text) throws IOException {
    int blank = text.indexOf("\r\n\r\n");
    if (blank < 0 || !text.matches("(?s)HTTP/1\\.[01] [1-5][0-9][0-9][ \r].*")) {
      throw new IOException("it does not speak HTTP: should the endpoint be https:// ?");
    }
    return new Answer(Integer.parseInt(text.substring(9, 12)), text.substring(blank + 4));
  }
}
