// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.List;

/**
 * A real etcd of one member in a namespace, with ways to disturb it. The data directory survives
 * {@link #stop} and {@link #restart}, not {@link #wipe}.
 */
public final class Etcd {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String CONFIG_KEY = "/coreos.com/network/config";

  private final RunDirectory run;
  private final String namespace;
  private final Ip address;
  private final LabStore api;
  private Child process;

  private Etcd(RunDirectory run, String namespace, Ip address, LabStore api) {
    this.run = run;
    this.namespace = namespace;
    this.address = address;
    this.api = api;
    this.process = launch();
  }

  /** Starts an empty etcd; {@link #configure} waits until it answers. */
  static Etcd start(RunDirectory run, String namespace, Ip address, LabStore api) {
    return new Etcd(run, namespace, address, api);
  }

  private Child launch() {
    List<String> command =
        List.of(
            "etcd",
            "--name=lab",
            "--data-dir=" + run.etcdData(),
            "--listen-client-urls=" + url(),
            "--advertise-client-urls=" + url(),
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=lab=http://127.0.0.1:2380",
            "--heartbeat-interval=20",
            "--election-timeout=200");
    return Child.start(
        run,
        "etcd",
        Commands.inNetwork(
            namespace,
            api == LabStore.ETCD2
                ? Commands.concat(command, List.of("--enable-v2=true"))
                : command));
  }

  /** The client URL, as for {@code --etcd-endpoints}. */
  public String url() {
    return address.isV4() ? "http://" + address + ":2379" : "http://[" + address + "]:2379";
  }

  /** Waits until it answers and stores the network configuration, as an operator would. */
  public void configure(String networkConfig) throws InterruptedException {
    List<String> put =
        api == LabStore.ETCD2
            ? List.of("set", CONFIG_KEY, networkConfig)
            : List.of("put", CONFIG_KEY, networkConfig);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Commands.Result result = etcdctl(put);
    while (!result.passed()) {
      process.mustBeAlive();
      if (System.nanoTime() - deadline > 0) {
        throw new CommandException("etcd does not take the configuration: " + result.output());
      }
      Thread.sleep(50);
      result = etcdctl(put);
    }
  }

  /**
   * Runs etcdctl with the API of this lab.
   *
   * @return what it printed
   * @throws CommandException if it failed
   */
  public String ctl(String... arguments) throws InterruptedException {
    Commands.Result result = etcdctl(List.of(arguments));
    if (!result.passed()) {
      throw new CommandException(
          "etcdctl " + String.join(" ", arguments) + ": " + result.output().strip());
    }
    return result.output();
  }

  private Commands.Result etcdctl(List<String> arguments) throws InterruptedException {
    List<String> etcdctl =
        api == LabStore.ETCD2
            ? List.of("env", "ETCDCTL_API=2", "etcdctl", "--endpoints=" + url())
            : List.of(
                "env",
                "ETCDCTL_API=3",
                "etcdctl",
                "--endpoints=" + url(),
                "--dial-timeout=1s",
                "--command-timeout=2s");
    return Commands.run(Commands.inNetwork(namespace, Commands.concat(etcdctl, arguments)), "");
  }

  /** Ends it in order. */
  public void stop() throws InterruptedException {
    process.terminate(Duration.ofSeconds(10));
  }

  /** Starts it again with the data it has; it answers some time later. */
  public void restart() throws InterruptedException {
    process.kill();
    process = launch();
  }

  /** Replaces it by an empty one: another cluster id, revision 1, no configuration. */
  public void wipe() throws InterruptedException {
    process.kill();
    RunDirectory.deleteTree(run.etcdData());
    process = launch();
  }

  /** Makes it hang with its connections open. */
  public void pause() throws InterruptedException {
    process.signal("STOP");
  }

  /** Ends {@link #pause}. */
  public void resume() throws InterruptedException {
    process.signal("CONT");
  }
}
