// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Deadline;
import io.jflannel.bench.Host;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Two nodes and a pod on each.
 *
 * <pre>
 *   pod 1 ── cni0 node 1 eth0 ════ eth0 node 2 cni0 ── pod 2
 *            10.77.0.1                  10.77.0.2
 * </pre>
 */
final class Site implements AutoCloseable {

  static final String NETWORK = "10.5.0.0/16";

  private static final String NAME_OF_BRIDGE = "cni0";

  private final Setting setting;
  private final List<Host> nodes = new ArrayList<>();
  private final List<Host> pods = new ArrayList<>();

  /** Nodes that reach each other; the pods come with {@link #attach}. */
  Site(Setting setting) throws InterruptedException {
    this.setting = setting;
    try {
      for (int n = 1; n <= 2; n++) {
        nodes.add(Host.bare("node" + n));
        pods.add(Host.bare("pod" + n));
      }
      connectNodes();
    } catch (RuntimeException | InterruptedException e) {
      close();
      throw e;
    }
  }

  private void connectNodes() throws InterruptedException {
    veth(nodes.getFirst(), "eth0", nodes.getLast(), setting.mtu());
    for (int n = 1; n <= 2; n++) {
      Host node = node(n);
      onNode(n, "ip link set lo up");
      onNode(n, "ip addr add %s/24 dev eth0".formatted(address(n)));
      onNode(n, "ip link set eth0 up");
      node.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
      if (setting.isPerPacket()) {
        onNode(n, "ethtool -K eth0 tso off gso off gro on");
      }
    }
  }

  private static void veth(Host here, String name, Host there, int mtu)
      throws InterruptedException {
    words(
        here,
        "ip link add %s mtu %d type veth peer name eth0 mtu %d netns %s"
            .formatted(name, mtu, mtu, there.name()));
  }

  /**
   * Gives each node a bridge and a pod.
   *
   * @param subnets of node 1 and 2, all but the last number: {@code 10.5.1}
   */
  void attach(List<String> subnets, int mtu) throws InterruptedException {
    for (int n = 1; n <= 2; n++) {
      String subnet = subnets.get(n - 1);
      Host pod = pods.get(n - 1);
      onNode(n, "ip link add %s mtu %d type bridge".formatted(NAME_OF_BRIDGE, mtu));
      onNode(n, "ip addr add %s.1/24 dev %s".formatted(subnet, NAME_OF_BRIDGE));
      veth(node(n), "pod", pod, mtu);
      onNode(n, "ip link set pod master %s up".formatted(NAME_OF_BRIDGE));
      onNode(n, "ip link set %s up".formatted(NAME_OF_BRIDGE));
      words(pod, "ip link set lo up");
      words(pod, "ip addr add %s.2/24 dev eth0".formatted(subnet));
      words(pod, "ip link set eth0 up");
      words(pod, "ip route add default via %s.1".formatted(subnet));
    }
  }

  /** Waits until pod 1 gets an answer of this address. */
  void awaitAnswer(String address, Process process) throws InterruptedException {
    Deadline.seconds(30).await("an answer of " + address, process, () -> answers(address));
  }

  private boolean answers(String address) throws InterruptedException {
    Path output = pods.getFirst().directory().resolve("ping.log");
    List<String> ping = List.of("ping", "-n", "-c", "1", "-W", "1", address);
    return pods.getFirst().start(output, ping).waitFor() == 0;
  }

  Setting setting() {
    return setting;
  }

  /** 1 or 2. */
  Host node(int n) {
    return nodes.get(n - 1);
  }

  /** 1 or 2. */
  Host pod(int n) {
    return pods.get(n - 1);
  }

  static String address(int node) {
    return "10.77.0." + node;
  }

  /** Runs a command on a node; words are separated by single blanks. */
  String onNode(int n, String command) throws InterruptedException {
    return words(node(n), command);
  }

  private static String words(Host host, String command) throws InterruptedException {
    return host.run(command.split(" ", -1));
  }

  @Override
  public void close() {
    pods.forEach(Host::close);
    nodes.forEach(Host::close);
  }
}
