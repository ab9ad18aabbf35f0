// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A real {@code flanneld} process on a host, on the etcd there. */
public final class Daemon {

  private static final Duration STATUS_STEP = Duration.ofMillis(50);

  private final Host host;
  private final Process process;
  private final long startedAt;

  private Daemon(Host host, Process process, long startedAt) {
    this.host = host;
    this.process = process;
    this.startedAt = startedAt;
  }

  /** Starts the daemon of the image this benchmark belongs to, on the etcd there. */
  static Daemon start(Host host) throws InterruptedException {
    return start(host, List.of("--etcd-endpoints=" + Etcd.ENDPOINT));
  }

  /** Starts it with options that name its store. */
  public static Daemon start(Host host, List<String> options) throws InterruptedException {
    return start(host, List.of(), options);
  }

  /** Starts it by another program, which executes the rest of its command line. */
  static Daemon start(Host host, List<String> by, List<String> options)
      throws InterruptedException {
    List<String> command = new ArrayList<>(by);
    command.add(System.getProperty("jflannel.flanneld", "flanneld"));
    command.addAll(options);
    command.add("--bridge-netfilter=warn");
    command.add("--subnet-file=" + subnetFile(host));
    command.add("--status-file=" + statusFile(host));
    long startedAt = System.nanoTime();
    return new Daemon(host, host.start(host.directory().resolve("daemon.log"), command), startedAt);
  }

  /** Waits for the subnet file; since exec, at 2 ms. */
  public Duration awaitSubnetFile() throws InterruptedException {
    Deadline.seconds(120).await("the subnet file", process, () -> Files.exists(subnetFile(host)));
    return Duration.ofNanos(System.nanoTime() - startedAt);
  }

  /** Waits until the status says that this many peers are programmed, and all it knows. */
  Status awaitProgrammed(int count) throws InterruptedException {
    return awaitStatus(
        count + " programmed peers",
        status -> status.programmed() == count && status.peers() == count);
  }

  /** Waits for a status that is as wanted. It is written at most once a second. */
  Status awaitStatus(String what, Predicate<Status> wanted) throws InterruptedException {
    Path file = statusFile(host);
    Deadline.seconds(180)
        .await(what, process, STATUS_STEP, () -> Status.read(file).filter(wanted).isPresent());
    return Status.read(file).orElseThrow();
  }

  /**
   * Waits until the status tells which data path the backend udp uses.
   *
   * @throws IllegalStateException if that is another one
   */
  public void requireDatapath(String wanted) throws InterruptedException {
    String used =
        awaitStatus("a data path", s -> s.datapath().isPresent()).datapath().orElseThrow();
    if (!used.equals(wanted)) {
      throw new IllegalStateException("the daemon uses the data path " + used + ", not " + wanted);
    }
  }

  Status status() {
    return Status.read(statusFile(host)).orElseThrow();
  }

  ProcessUsage usage() {
    return ProcessUsage.of(process.pid()).orElseThrow();
  }

  public long pid() {
    return process.pid();
  }

  /** Stops it in an orderly way; its rules stay. */
  void end() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }

  /** Where it writes what the node's containers need. */
  public static Path subnetFile(Host host) {
    return host.directory().resolve("subnet.env");
  }

  private static Path statusFile(Host host) {
    return host.directory().resolve("status.json");
  }
}
