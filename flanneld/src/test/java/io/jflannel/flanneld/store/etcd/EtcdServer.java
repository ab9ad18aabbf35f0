// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A real etcd on loopback, in a directory of its own. It ends with {@link #close}, and with the JVM
 * at the latest.
 */
public final class EtcdServer implements AutoCloseable {

  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
  }

  private final List<String> options;
  private final Path directory;
  private final int clientPort;
  private final int peerPort;
  private final boolean tls;
  private Optional<Process> process = Optional.empty();

  private String name = "test";
  private String cluster;

  private EtcdServer(List<String> options, boolean tls) throws IOException {
    this.options = List.copyOf(options);
    this.tls = tls;
    this.directory = Files.createTempDirectory("jflannel-etcd-");
    this.clientPort = TestPrograms.freePort();
    this.peerPort = TestPrograms.freePort();
    this.cluster = "test=" + peerUrl();
  }

  /**
   * Starts one over http.
   *
   * @param options more flags, such as {@code --enable-v2}
   */
  public static EtcdServer launch(String... options) {
    return launch(false, options);
  }

  /** Starts one over https; the options name its certificate. */
  public static EtcdServer launchTls(String... options) {
    return launch(true, options);
  }

  private static EtcdServer launch(boolean tls, String... options) {
    TestPrograms.needs("etcd", "etcd-server");
    TestPrograms.needs("etcdctl", "etcd-client");
    try {
      EtcdServer server = new EtcdServer(List.of(options), tls);
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a cluster over http of so many members. */
  public static List<EtcdServer> launchCluster(int size, String... options) {
    TestPrograms.needs("etcd", "etcd-server");
    try {
      List<EtcdServer> members = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        EtcdServer member = new EtcdServer(List.of(options), false);
        member.name = "member" + i;
        members.add(member);
      }
      String all =
          String.join(
              ",", members.stream().map(member -> member.name + "=" + member.peerUrl()).toList());
      for (EtcdServer member : members) {
        member.cluster = all;
        member.spawn();
      }
      members.forEach(EtcdServer::awaitHealth);
      return members;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String peerUrl() {
    return "http://127.0.0.1:" + peerPort;
  }

  /** Starts it (again) with the data it has, and waits until it answers. */
  public void start() {
    spawn();
    awaitHealth();
  }

  private void spawn() {
    String client = url();
    String peer = peerUrl();
    List<String> command =
        new ArrayList<>(
            List.of(
                "etcd",
                "--name=" + name,
                "--data-dir=" + directory.resolve("data"),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=" + cluster,
                "--heartbeat-interval=50",
                "--election-timeout=500",
                "--logger=zap",
                "--log-level=warn"));
    command.addAll(options);
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
      builder.environment().keySet().removeIf(name -> name.startsWith("ETCD"));
      Process started = builder.start();
      RUNNING.add(started);
      process = Optional.of(started);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitHealth() {
    try {
      Awaitility.await()
          .atMost(START_LIMIT)
          .pollInterval(Duration.ofMillis(20))
          .pollDelay(Duration.ZERO)
          .failFast("etcd has ended", () -> process.filter(Process::isAlive).isEmpty())
          .until(this::accepts);
      if (!tls) {
        Awaitility.await()
            .atMost(START_LIMIT)
            .pollInterval(Duration.ofMillis(50))
            .until(() -> get("/health").contains("\"true\""));
      }
    } catch (RuntimeException e) {
      throw new IllegalStateException("etcd did not start:\n" + readText(log()), e);
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), clientPort)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** The answer to a GET without TLS; empty if there is none. */
  private String get(String path) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), clientPort)) {
      socket.setSoTimeout(2_000);
      socket
          .getOutputStream()
          .write("GET %s HTTP/1.0\r\nHost: x\r\n\r\n".formatted(path).getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  /** Client URL. */
  public String url() {
    return (tls ? "https" : "http") + "://127.0.0.1:" + clientPort;
  }

  /** Of {@link #url}. */
  public int port() {
    return clientPort;
  }

  public Path directory() {
    return directory;
  }

  private Path log() {
    return directory.resolve("log");
  }

  /** What it has printed so far. */
  public String logText() {
    return readText(log());
  }

  private static String readText(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Orderly end; {@link #start()} resumes. */
  public void stop() {
    end(Process::destroy);
  }

  /** SIGKILL; {@link #start()} resumes. */
  public void kill() {
    end(Process::destroyForcibly);
  }

  private void end(java.util.function.Consumer<Process> how) {
    process.ifPresent(running -> {
      how.accept(running);
      try {
        if (!running.waitFor(10, TimeUnit.SECONDS)) {
          running.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        running.destroyForcibly();
        Thread.currentThread().interrupt();
      }
      RUNNING.remove(running);
    });
    process = Optional.empty();
  }

  /** SIGSTOP: connections stay, nobody answers. */
  public void pause() {
    signal("STOP");
  }

  /** SIGCONT. */
  public void resume() {
    signal("CONT");
  }

  private void signal(String name) {
    TestPrograms.run(
        List.of("kill", "-" + name, Long.toString(process.orElseThrow().pid())), Map.of());
  }

  /** Ends it, starts it again. */
  public void restart() {
    stop();
    start();
  }

  /** Replaces it by an empty one at the same address: revisions start anew. */
  public void wipe() {
    kill();
    TestPrograms.deleteTree(directory.resolve("data"));
    start();
  }

  /** Runs etcdctl against it with the v3 API. */
  public String etcdctl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("etcdctl", "--endpoints=" + url()));
    command.addAll(List.of(arguments));
    return TestPrograms.run(command, Map.of("ETCDCTL_API", "3"));
  }

  @Override
  public void close() {
    kill();
    TestPrograms.deleteTree(directory);
  }
}
