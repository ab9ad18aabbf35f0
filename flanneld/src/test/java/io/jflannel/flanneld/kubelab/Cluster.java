// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kubelab;

import io.jflannel.flanneld.lab.Requirements;
import io.jflannel.flanneld.store.etcd.TestPrograms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A real Kubernetes cluster of two nodes, {@code node1} and {@code node2}, without a network
 * add-on: the addresses, images and commands are those of {@code kubelab/README.md}. It ends with
 * {@link #close}, and with the JVM at the latest.
 */
public final class Cluster implements AutoCloseable {

  private static final Set<Cluster> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Cluster::end)));
  }

  private final Map<String, String> environment;
  private final Path directory;

  private Cluster(boolean dual) {
    environment =
        Map.of(
            "KUBELAB",
            Kubelab.binary().toString(),
            "PREFIX",
            "k" + ProcessHandle.current().pid(),
            "DUAL",
            dual ? "1" : "",
            "AUDIT",
            "1");
    directory = Kubelab.directory("cluster", "down");
  }

  /**
   * Starts one and waits until both nodes are registered; there is one at a time.
   *
   * @param dual whether nodes, pods and services have IPv6 as well
   */
  public static Cluster launch(boolean dual) {
    Requirements.commands("containerd", "ctr", "runc", "iptables", "conntrack", "busybox");
    Cluster cluster = new Cluster(dual);
    RUNNING.add(cluster);
    cluster.script("up").orThrow();
    return cluster;
  }

  private Kubelab.Outcome script(String command, String... arguments) {
    return script("", command, arguments);
  }

  private Kubelab.Outcome script(String input, String command, String[] arguments) {
    return Kubelab.run(line(command, arguments), environment, input);
  }

  private List<String> line(String command, String... arguments) {
    List<String> line = new ArrayList<>();
    line.add(Kubelab.ROOT.resolve("kubelab/cluster").toString());
    line.add(command);
    line.add(directory.toString());
    line.addAll(Arrays.asList(arguments));
    return line;
  }

  /** Imports an image on all nodes. */
  public void load(Path archive) {
    script("load", archive.toString()).orThrow();
  }

  /** kubectl as admin. */
  public Kubelab.Outcome tryKubectl(String... arguments) {
    return script("kubectl", arguments);
  }

  /** Output of kubectl as admin; it must succeed. */
  public String kubectl(String... arguments) {
    return tryKubectl(arguments).orThrow();
  }

  /** {@code kubectl apply} of objects in YAML or JSON. */
  public void apply(String objects) {
    script(objects, "kubectl", new String[] {"apply", "-f", "-"}).orThrow();
  }

  /** A shell script in a pod; it must succeed. */
  public String inPod(String pod, String script) {
    return kubectl("exec", pod, "--", "sh", "-c", script);
  }

  /** A kubectl that goes on; its output is read by the caller. */
  public Process startKubectl(String... arguments) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(line("kubectl", arguments)).redirectErrorStream(true);
      builder.environment().putAll(environment);
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A shell script on a node, in all its namespaces; it must succeed.
   *
   * @param node 1 or 2, or 0 for the host of the control plane
   */
  public String onNode(int node, String script) {
    return script("enter", Integer.toString(node), "sh", "-c", script).orThrow();
  }

  /**
   * Ends all of a node at once and starts it again with its disks, but without interfaces and /run.
   */
  public void reboot(int node) {
    script("reboot", Integer.toString(node)).orThrow();
  }

  /** Where its logs are. */
  public Path directory() {
    return directory;
  }

  private void end() {
    if (RUNNING.remove(this)) {
      script("down").orThrow();
      TestPrograms.deleteTree(directory);
    }
  }

  @Override
  public void close() {
    end();
  }
}
