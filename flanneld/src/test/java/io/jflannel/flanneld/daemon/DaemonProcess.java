// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A real {@code flanneld} process. */
public final class DaemonProcess implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Process process;
  private final Path log;

  private DaemonProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts it on a host; its output goes to {@code log}. */
  static DaemonProcess onHost(int host, Path log, String... flags) throws IOException {
    return start(
        List.of("ip", "netns", "exec", TestHosts.name(host)), Flanneld.class, log, Map.of(), flags);
  }

  /** Starts it in this process's namespace: for runs that end before they touch any network. */
  static DaemonProcess here(Path log, Map<String, String> environment, String... flags)
      throws IOException {
    return start(List.of(), Flanneld.class, log, environment, flags);
  }

  public static DaemonProcess start(
      List<String> prefix,
      Class<?> main,
      Path log,
      Map<String, String> environment,
      String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    // a background job of a shell ignores SIGINT, one of nohup SIGHUP, and so would a JVM of it
    command.addAll(List.of("env", "--default-signal=INT,HUP"));
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    return new DaemonProcess(builder.start(), log);
  }

  public long pid() {
    return process.pid();
  }

  public String log() throws IOException {
    return Files.readString(log);
  }

  public void awaitLog(String text) {
    await()
        .atMost(PATIENCE)
        .failFast(() -> {
          if (!process.isAlive() && !log().contains(text)) {
            throw new AssertionError("flanneld has ended: " + text + " never came, but\n" + log());
          }
        })
        .until(() -> log().contains(text));
  }

  public void awaitReady() {
    awaitLog("flannel is ready");
  }

  /** {@code kill -SIGNAL}. */
  public void signal(String signal) throws IOException, InterruptedException {
    TestHosts.run(List.of("kill", "-" + signal, Long.toString(pid())));
  }

  /** The exit status; 128 + n if a signal killed it. */
  public int awaitExit() throws InterruptedException {
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("flanneld does not end");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
