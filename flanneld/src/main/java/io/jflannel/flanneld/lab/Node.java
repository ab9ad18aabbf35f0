// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.SubnetFile;
import io.jflannel.flanneld.lab.plan.Topology;
import io.jflannel.flanneld.lab.plan.Wiring;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.json.JsonException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One host of a running lab: its namespace, its flanneld and its one container. */
public final class Node {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Topology.Host host;
  private final RunDirectory run;
  private final List<String> flanneld;
  private final Path directory;
  private Optional<Child> daemon = Optional.empty();
  private Optional<SubnetFile> wired = Optional.empty();
  private Optional<Child> server = Optional.empty();

  /**
   * A host that has no daemon yet.
   *
   * @param flanneld command and flags common to all nodes
   */
  Node(Topology.Host host, RunDirectory run, List<String> flanneld) {
    this.host = host;
    this.run = run;
    this.directory = run.directory("node" + host.number());
    this.flanneld =
        Commands.concat(
            List.of(),
            flanneld.stream()
                .map(word ->
                    word.replace("{node}", directory.toString())
                        .replace("{number}", Integer.toString(number())))
                .toList());
  }

  /** Its number, from 1. */
  public int number() {
    return host.number();
  }

  /** The name of its network namespace. */
  public String namespace() {
    return host.namespace();
  }

  /** The name of its container's network namespace. */
  public String containerNamespace() {
    return host.container();
  }

  /** The host's address in the underlay. */
  public Ip address(Family family) {
    return ofFamily(host.addresses(), family);
  }

  /** The container's address in the overlay. */
  public Ip containerAddress(Family family) {
    return ofFamily(wiredSubnet().containerAddresses(), family);
  }

  private static Ip ofFamily(List<Cidr> addresses, Family family) {
    return addresses.stream().filter(a -> a.family() == family).findFirst().orElseThrow().ip();
  }

  /** The subnet file the container was wired with. */
  SubnetFile wiredSubnet() {
    return wired.orElseThrow(() -> new IllegalStateException("node " + number() + " not wired"));
  }

  /** Where flanneld writes its subnet file. */
  public Path subnetFilePath() {
    return directory.resolve("subnet.env");
  }

  /** Where flanneld writes its status. */
  public Path statusPath() {
    return directory.resolve("status.json");
  }

  /** The subnet file, if flanneld has written one. */
  public Optional<SubnetFile> subnetFile() {
    return read(subnetFilePath()).map(SubnetFile::parse);
  }

  /** What flanneld says of itself; empty if it has said nothing that can be read. */
  public Optional<NodeStatus> status() {
    try {
      return read(statusPath()).map(NodeStatus::parse);
    } catch (JsonException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new CommandException("cannot read " + file, e);
    }
  }

  /** Starts flanneld; a no-op while it runs. */
  public void startDaemon() {
    if (!daemonRuns()) {
      daemon =
          Optional.of(
              Child.start(
                  run, "flanneld-" + number(), Commands.onHost(host.namespace(), flanneld)));
    }
  }

  /** Whether flanneld runs. */
  public boolean daemonRuns() {
    return daemon.filter(Child::alive).isPresent();
  }

  /** Whether the flanneld that runs now, not one before it, says that it is ready. */
  public boolean ready() {
    return daemonRuns()
        && status().filter(s -> s.pid() == daemonPid()).filter(NodeStatus::ready).isPresent();
  }

  /** Ends flanneld with SIGKILL. */
  public void killDaemon() throws InterruptedException {
    started().kill();
  }

  /**
   * Ends flanneld with SIGTERM.
   *
   * @return its exit status
   */
  public int stopDaemon() throws InterruptedException {
    return started().terminate(Duration.ofSeconds(10));
  }

  /** The process id of the newest flanneld. */
  public long daemonPid() {
    return started().pid();
  }

  /** What flanneld has written, over all its lives in this lab. */
  public String daemonLog() {
    return started().log();
  }

  private Child started() {
    return daemon.orElseThrow(
        () -> new IllegalStateException("flanneld of node " + number() + " was never started"));
  }

  /**
   * Waits until flanneld has written its subnet file.
   *
   * @throws CommandException with the daemon's last lines if it ends, or if 30 s pass
   */
  public SubnetFile awaitSubnetFile() throws InterruptedException {
    try {
      Await.until(
          "subnet file of node " + number(),
          PATIENCE,
          () -> {
            started().mustBeAlive();
            return Files.exists(subnetFilePath());
          });
    } catch (CommandException e) {
      throw new CommandException(e.getMessage() + "\nIts flanneld's log:\n" + daemonLog(), e);
    }
    return subnetFile().orElseThrow();
  }

  /** Connects the container with the values of the subnet file, as a container runtime would. */
  void wireContainer() throws InterruptedException {
    SubnetFile subnet = awaitSubnetFile();
    Commands.script(host.namespace(), Wiring.containerBridge(host, subnet));
    Commands.script(host.container(), Wiring.container(subnet));
    wired = Optional.of(subnet);
    Child started = beside("iperf3-" + number(), "iperf3", "--server", "--forceflush");
    server = Optional.of(started);
    Await.until("iperf3 server", PATIENCE, () -> started.log().contains("Server listening"));
  }

  /** What the TCP server in the container has told of its clients. */
  String serverLog() {
    return server.map(Child::log).orElse("");
  }

  /**
   * Runs a command on the host.
   *
   * @return standard output and error
   * @throws CommandException if its status is not 0
   */
  public String exec(String... command) throws InterruptedException {
    return Commands.exec(Commands.inNetwork(host.namespace(), List.of(command)));
  }

  /** Runs a shell script on the host, ending at the first failure. */
  public void script(String script) throws InterruptedException {
    Commands.script(host.namespace(), script);
  }

  /**
   * Starts a command in the container that runs beside the test (a ping, say).
   *
   * @param name of its log
   */
  public Child beside(String name, String... command) {
    return Child.start(run, name, Commands.inNetwork(host.container(), List.of(command)));
  }
}
