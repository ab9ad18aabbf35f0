// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFirewall;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.plan.Topology;
import io.jflannel.flanneld.lab.plan.Wiring;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.Parallel;
import io.jflannel.flanneld.lab.process.Preconditions;
import io.jflannel.flanneld.lab.process.Program;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.net.Family;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A running lab. {@link #start} returns when every container is connected; whether packets flow is
 * for {@link Check} to say.
 *
 * <p>Closing ends its processes and deletes its namespaces and files; a shutdown hook does the same
 * when the JVM ends before. Both threads may call: what wires and what removes exclude each other.
 */
public final class Lab implements AutoCloseable {

  private final LabSpec spec;
  private final List<String> more;
  private final RunDirectory run;
  private final Topology topology;
  private final Wiring wiring;
  private final Thread hook = new Thread(this::close, "lab-removal");
  private Optional<Etcd> etcd = Optional.empty();
  private Optional<ApiServer> api = Optional.empty();
  private Optional<Internet> internet = Optional.empty();
  private List<Node> nodes = List.of();
  private boolean closed;

  private Lab(LabSpec spec, List<String> more) {
    this.spec = spec;
    this.more = more;
    this.run = RunDirectory.create();
    this.topology = Topology.of(spec, run.prefix());
    this.wiring = new Wiring(topology);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Starts a lab and says nothing.
   *
   * @param more flags of every daemon
   */
  public static Lab start(LabSpec spec, String... more) throws InterruptedException {
    return start(spec, List.of(more), step -> {});
  }

  /**
   * Starts a lab.
   *
   * @param more flags of every daemon
   * @param progress is told each step, in words for people
   * @throws CommandException if a step fails; nothing is left then
   */
  static Lab start(LabSpec spec, List<String> more, Consumer<String> progress)
      throws InterruptedException {
    Preconditions.demand();
    Lab lab = new Lab(spec, more);
    try {
      progress.accept("namespaces " + lab.topology.prefix() + "-*, joined by a bridge");
      lab.wire();
      progress.accept(lab.startStore());
      progress.accept("flanneld on each of " + spec.nodes() + " hosts");
      lab.startDaemons();
      progress.accept("a container behind cni0 on each host, from its subnet file");
      Parallel.each(lab.nodes, lab::wireContainer);
      return lab;
    } catch (InterruptedException | RuntimeException | Error e) {
      lab.close();
      throw e;
    }
  }

  private synchronized void wire() throws InterruptedException {
    mustBeOpen();
    Commands.script(wiring.namespaces());
    Commands.script(topology.underlay(), wiring.underlay());
    if (topology.router().isPresent()) {
      Commands.script(topology.router().get(), wiring.router());
    }
    Parallel.each(topology.hosts(), host -> Commands.script(host.namespace(), Wiring.host(host)));
    if (topology.internet().isPresent()) {
      Commands.script(topology.internet().get(), wiring.internet());
      internet = Optional.of(Internet.start(run, topology));
    }
    if (spec.masquerade() && spec.firewall() == LabFirewall.IPTABLES) {
      Parallel.each(
          topology.hosts(), host -> Commands.script(host.namespace(), wiring.forwardNothing()));
    }
  }

  private String startStore() throws InterruptedException {
    if (spec.store() == LabStore.LOCAL) {
      write(run.directory("store").resolve("config"), spec.networkConfig());
      return "a directory as store";
    }
    if (spec.store() == LabStore.KUBE) {
      write(run.file("net-conf.json"), spec.networkConfig());
      ApiServer server = startApiServer();
      server.prepare(spec); // waits, so outside the lock
      return "a Kubernetes API server with " + spec.nodes() + " Nodes";
    }
    Etcd started = startEtcd();
    started.configure(spec.networkConfig()); // waits, so outside the lock
    return "etcd at " + started.url();
  }

  private synchronized Etcd startEtcd() {
    mustBeOpen();
    Family family = spec.families().list().getFirst();
    Etcd started = Etcd.start(run, topology.underlay(), topology.bridge(family).ip(), spec.store());
    etcd = Optional.of(started);
    return started;
  }

  private synchronized ApiServer startApiServer() {
    mustBeOpen();
    ApiServer started = ApiServer.start(run, topology.underlay(), topology.bridge(Family.V4).ip());
    api = Optional.of(started);
    return started;
  }

  private synchronized void startDaemons() {
    mustBeOpen();
    List<String> program = Program.found().command();
    List<String> command =
        Commands.concat(
            spec.store() == LabStore.KUBE
                ? Commands.concat(List.of("env", "NODE_NAME=node{number}"), program)
                : program,
            flags());
    nodes = topology.hosts().stream().map(host -> new Node(host, run, command)).toList();
    nodes.forEach(Node::startDaemon);
  }

  private List<String> flags() {
    List<String> flags = new ArrayList<>();
    switch (spec.store()) {
      case LOCAL -> flags.add("--local-store=" + run.directory("store"));
      case ETCD -> flags.addAll(List.of("--etcd-endpoints=" + etcd().url(), "--etcd-api=v3"));
      case KUBE ->
          flags.addAll(
              List.of(
                  "--kube-subnet-mgr",
                  "--kubeconfig-file=" + api.orElseThrow().kubeconfig(),
                  "--net-config-path=" + run.file("net-conf.json")));
      case ETCD2 -> flags.addAll(List.of("--etcd-endpoints=" + etcd().url(), "--etcd-api=v2"));
    }
    flags.add("--subnet-file={node}/subnet.env");
    flags.add("--status-file={node}/status.json");
    flags.add("--bridge-netfilter=warn"); // one container on each bridge: nothing to filter there
    flags.add("--healthz-ip=127.0.0.1");
    flags.add("--healthz-port=8471");
    if (spec.masquerade()) {
      flags.add("--ip-masq");
    }
    if (spec.backend() == LabBackend.UDP) {
      flags.add("--udp-datapath=" + spec.datapath());
    }
    flags.addAll(more);
    return flags;
  }

  /** Waits outside the lock, so that Ctrl-C need not wait for a daemon that does not come up. */
  private void wireContainer(Node node) throws InterruptedException {
    node.awaitSubnetFile();
    synchronized (this) {
      mustBeOpen();
      node.wireContainer();
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized void mustBeOpen() {
    if (closed) {
      throw new CommandException("the lab was closed");
    }
  }

  public LabSpec spec() {
    return spec;
  }

  /** All hosts, in the order of their numbers. */
  public List<Node> nodes() {
    return nodes;
  }

  /**
   * One host.
   *
   * @param number from 1
   */
  public Node node(int number) {
    return nodes.get(number - 1);
  }

  /** The host outside the overlay; only with masquerade. */
  Optional<Internet> internet() {
    return internet;
  }

  /** The etcd of this lab. */
  public Etcd etcd() {
    return etcd.orElseThrow(() -> new IllegalStateException("this lab has no etcd"));
  }

  /** The API server of this lab. */
  public ApiServer api() {
    return api.orElseThrow(() -> new IllegalStateException("this lab has no API server"));
  }

  /** Where logs and files of this run are. */
  public Path directory() {
    return run.path();
  }

  /** Leaves the lab running when the JVM ends; {@code --clean} removes it. */
  synchronized void keep() {
    closed = true;
    Runtime.getRuntime().removeShutdownHook(hook);
  }

  /** Removes every trace, even if interrupted meanwhile. A second call does nothing. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      remove();
    }
    if (!Thread.currentThread().equals(hook)) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException alreadyEnding) {
        // the hook found the lab closed
      }
    }
  }

  private void remove() {
    boolean interrupted = false;
    for (boolean done = false; !done; ) {
      try {
        run.remove();
        done = true;
      } catch (InterruptedException e) {
        interrupted = true; // once more: what is gone is skipped
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
