// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.json.Json;
import io.jflannel.net.Ip;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A real Kubernetes API server with its etcd, from {@code kubelab/}, in a namespace. No kubelet
 * runs: the nodes are objects that the lab makes.
 */
public final class ApiServer {

  /** The program of {@code scripts/kubelab.sh}. */
  static final String PROGRAM = "KUBELAB";

  /** The checkout, or a copy of its {@code kubelab} and {@code packaging}. */
  static final String ROOT = "JFLANNEL_ROOT";

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Path directory;
  private final Path root;
  private final String program;
  private final String namespace;
  private final Child process;

  private ApiServer(RunDirectory run, String namespace, Ip address) {
    this.directory = run.directory("api");
    this.root = Path.of(demanded(ROOT));
    this.program = demanded(PROGRAM);
    this.namespace = namespace;
    this.process =
        Child.start(
            run,
            "kubernetes",
            Commands.inNetwork(
                namespace,
                List.of(
                    "env",
                    "API_ADDR=" + address,
                    root.resolve("kubelab/apiserver").toString(),
                    "run",
                    directory.toString())));
  }

  private static String demanded(String variable) {
    return Optional.ofNullable(System.getenv(variable))
        .filter(value -> !value.isEmpty())
        .orElseThrow(() ->
            new CommandException(
                "the store kube needs the environment variable %s; ./jflannel lab sets it"
                    .formatted(variable)));
  }

  /** Starts an empty one; {@link #prepare} waits until it answers. */
  static ApiServer start(RunDirectory run, String namespace, Ip address) {
    return new ApiServer(run, namespace, address);
  }

  /** Waits until it answers, then makes our manifest's objects and a Node for each host. */
  void prepare(LabSpec spec) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!kubectl("", "get", "--raw", "/readyz").passed()) {
      process.mustBeAlive();
      if (System.nanoTime() - deadline > 0) {
        throw new CommandException("the API server does not get ready:\n" + process.log());
      }
      Thread.sleep(200);
    }
    demand(kubectl("", "apply", "-f", root.resolve("packaging/kube-flannel.yml").toString()));
    List<String> nodes = new ArrayList<>();
    for (int host = 1; host <= spec.nodes(); host++) {
      nodes.add(node(name(host), spec.podCidrs(host)).text());
    }
    demand(kubectl(String.join("\n---\n", nodes), "create", "-f", "-"));
  }

  /** What a host is called in the cluster. */
  static String name(int host) {
    return "node" + host;
  }

  private static Json.Obj node(String name, List<String> podCidrs) {
    return object(
        new Json.Member("apiVersion", new Json.Str("v1")),
        new Json.Member("kind", new Json.Str("Node")),
        new Json.Member("metadata", object(new Json.Member("name", new Json.Str(name)))),
        new Json.Member(
            "spec",
            object(
                new Json.Member(
                    "podCIDRs",
                    new Json.Arr(podCidrs.stream().<Json>map(Json.Str::new).toList())))));
  }

  private static Json.Obj object(Json.Member... members) {
    return new Json.Obj(List.of(members));
  }

  private static void demand(Commands.Result result) {
    if (!result.passed()) {
      throw new CommandException("kubectl: " + result.output().strip());
    }
  }

  /**
   * Runs kubectl as the administrator.
   *
   * @return what it printed
   * @throws CommandException if it failed
   */
  public String ctl(String... arguments) throws InterruptedException {
    Commands.Result result = kubectl("", arguments);
    demand(result);
    return result.output();
  }

  /** Makes it hang with its connections open. */
  public void pause() throws InterruptedException {
    signal("STOP");
  }

  /** Ends {@link #pause}. */
  public void resume() throws InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws InterruptedException {
    Commands.script(
        "kill -%s $(cat %s)".formatted(signal, directory.resolve("kube-apiserver.pid")));
  }

  private Commands.Result kubectl(String input, String... arguments) throws InterruptedException {
    Path admin = directory.resolve("admin.kubeconfig");
    if (!Files.exists(admin)) {
      return new Commands.Result(1, "no " + admin + " yet");
    }
    return Commands.run(
        Commands.inNetwork(
            namespace,
            Commands.concat(
                List.of(program, "kubectl", "--request-timeout=10s", "--kubeconfig=" + admin),
                List.of(arguments))),
        input);
  }

  /** For the daemons: the service account's token, our manifest's rights. */
  Path kubeconfig() {
    return directory.resolve("flannel.kubeconfig");
  }
}
