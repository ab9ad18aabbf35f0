// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A host of its own: a named network namespace, a directory, and the processes started on it.
 * Closing it ends the processes and removes everything; so does the end of this JVM, however it
 * comes.
 */
public final class Host implements AutoCloseable {

  static final String ADDRESS = "10.128.0.1";

  private static final long PATIENCE_SECONDS = 10;

  private final String name;
  private final NetworkNamespace namespace;
  private final Path directory;
  private final List<Process> processes = new ArrayList<>();
  private final Thread atExit = new Thread(this::remove, "bench cleanup");
  private boolean removed;

  private Host(String name) throws IOException {
    this.name = name;
    Guard.start();
    directory = Files.createTempDirectory(name);
    namespace = NetworkNamespace.create(name);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Makes one with {@code eth0} at 10.128.0.1/9.
   *
   * @param role part of the namespace's name, after the prefix of this run
   */
  static Host create(String role) throws InterruptedException {
    Host host = bare(role);
    try {
      host.addUnderlay();
      return host;
    } catch (RuntimeException | InterruptedException e) {
      host.close();
      throw e;
    }
  }

  /** Makes one that has no interface but its loopback, which is down. */
  public static Host bare(String role) {
    try {
      return new Host(Guard.PREFIX + role);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A veth, not a dummy: not every kernel has dummy devices. */
  private void addUnderlay() throws InterruptedException {
    run("ip", "link", "set", "lo", "up");
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wire");
    run("ip", "link", "set", "wire", "up");
    run("ip", "address", "add", ADDRESS + "/9", "dev", "eth0");
    run("ip", "link", "set", "eth0", "up");
    run("ip", "route", "add", "default", "via", "10.128.0.2");
  }

  /** Of its namespace. */
  public String name() {
    return name;
  }

  public Path directory() {
    return directory;
  }

  NetworkNamespace namespace() {
    return namespace;
  }

  /** Starts a process here; its output goes to a file. */
  public Process start(Path output, List<String> command) throws InterruptedException {
    Process process =
        namespace.run(() -> {
          ProcessBuilder builder =
              new ProcessBuilder(command)
                  .directory(directory.toFile())
                  .redirectErrorStream(true)
                  .redirectOutput(output.toFile());
          builder.environment().remove("JFLANNEL_JAVA_OPTS"); // meant for this JVM
          return builder.start();
        });
    synchronized (this) {
      processes.add(process);
    }
    return process;
  }

  /**
   * Runs a command to its end.
   *
   * @return what it printed, errors included
   * @throws IllegalStateException with that if it fails
   */
  public String run(String... command) throws InterruptedException {
    try {
      Path output = Files.createTempFile(directory, "run", ".log");
      int status = start(output, List.of(command)).waitFor();
      String text = Files.readString(output);
      if (status != 0) {
        String shown = text.substring(0, Math.min(text.length(), 500));
        throw new IllegalStateException(
            String.join(" ", command) + " ended with status " + status + ": " + shown);
      }
      return text;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    remove();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException ending) {
      return; // the hook runs: it finds everything removed
    }
  }

  private synchronized void remove() {
    if (removed) {
      return;
    }
    removed = true;
    processes.reversed().forEach(Host::end);
    namespace.close();
    NetworkNamespace.delete(name);
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
