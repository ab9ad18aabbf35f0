// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.linux.LinuxException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/**
 * Two nodes, 192.0.2.1 and .2, each with a pod behind a bridge, joined by the fast path alone: the
 * test reads the TUN devices, and drops what comes there.
 *
 * <pre>
 *  pod 10.5.1.9 ─ veth ─ cni0 ─ flannel0 ─ eth0 ═ veth ═ eth0 ─ flannel0 ─ cni0 ─ veth ─ pod 10.5.2.9
 * </pre>
 */
final class TwoNodes implements AutoCloseable {

  /** What the nodes' addresses are on. */
  enum Underlay {
    VETH("eth0"),
    BRIDGE("br0");

    private final String device;

    Underlay(String device) {
      this.device = device;
    }
  }

  /** How nodes reach their pods: by a bridge, as flannel's CNI plugin does it, or directly. */
  enum Pods {
    BRIDGED,
    ROUTED
  }

  private final List<Host> nodes = new ArrayList<>();
  private final List<Host> pods = new ArrayList<>();
  private final List<HeldDevice> tuns = new ArrayList<>();
  private final List<FastPath> fastPaths = new ArrayList<>();
  private final int mtu;

  TwoNodes(Underlay underlay, int mtu) {
    this(underlay, mtu, Pods.BRIDGED);
  }

  TwoNodes(Underlay underlay, int mtu, Pods link) {
    this.mtu = mtu;
    try {
      setUp(underlay, link);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void setUp(Underlay underlay, Pods link) {
    for (int number = 1; number <= 2; number++) {
      nodes.add(new Host("n" + number));
      pods.add(new Host("p" + number));
    }
    Host first = nodes.getFirst();
    first.sh(
        "ip link add eth0 mtu %d type veth peer name eth0 mtu %d netns %s"
            .formatted(mtu, mtu, nodes.getLast().name()));
    for (int number = 1; number <= 2; number++) {
      addUnderlay(number, underlay);
      addTun(number);
      addPod(number, link);
    }
    for (int number = 1; number <= 2; number++) {
      fastPaths.add(attach(number, underlay));
      fastPaths
          .getLast()
          .peers(Map.of(subnet(3 - number), new FastPeer(address(3 - number), true)));
    }
  }

  static Ip address(int number) {
    return Ip.parse("192.0.2." + number);
  }

  static Cidr subnet(int number) {
    return Cidr.parse("10.5." + number + ".0/24");
  }

  Host node(int number) {
    return nodes.get(number - 1);
  }

  Host pod(int number) {
    return pods.get(number - 1);
  }

  FastPath fastPath(int number) {
    return fastPaths.get(number - 1);
  }

  private void addUnderlay(int number, Underlay underlay) {
    Host node = node(number);
    node.sh("ip link set eth0 up");
    switch (underlay) {
      case VETH -> {}
      case BRIDGE -> node.sh("ip link add br0 type bridge && ip link set eth0 master br0");
    }
    node.sh("ip link set " + underlay.device + " up");
    node.sh("ip addr add " + address(number) + "/24 dev " + underlay.device);
  }

  private void addTun(int number) {
    Host node = node(number);
    tuns.add(node.run(() -> HeldDevice.tun("flannel0")));
    node.sh("ip link set flannel0 up mtu " + (mtu - 28));
    node.sh("ip addr add 10.5.%d.0/32 dev flannel0".formatted(number));
    node.sh("ip route add 10.5.0.0/16 dev flannel0");
  }

  private void addPod(int number, Pods link) {
    Host node = node(number);
    Host pod = pod(number);
    node.sh(
        "ip link add pod mtu %d type veth peer name eth0 mtu %d netns %s"
            .formatted(mtu - 28, mtu - 28, pod.name()));
    String towardsPod =
        switch (link) {
          case BRIDGED -> {
            node.sh("ip link add cni0 type bridge && ip link set pod master cni0 up");
            yield "cni0";
          }
          case ROUTED -> "pod";
        };
    node.sh("ip link set %s up".formatted(towardsPod));
    node.sh("ip addr add 10.5.%d.1/24 dev %s".formatted(number, towardsPod));
    pod.sh("ip link set eth0 up && ip addr add 10.5.%d.9/24 dev eth0".formatted(number));
    pod.sh("ip route add default via 10.5.%d.1".formatted(number));
  }

  private FastPath attach(int number, Underlay underlay) {
    Host node = node(number);
    FastPathSetup setup =
        new FastPathSetup(
            node.index("flannel0"),
            node.index(underlay.device),
            address(number),
            8285,
            Cidr.parse("10.5.0.0/16"),
            subnet(number),
            mtu - 28);
    try {
      return node.run(() -> FastPath.attach(setup));
    } catch (LinuxException e) {
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      System.err.println("SKIPPED: " + e);
      return Assumptions.abort(e.toString());
    }
  }

  /** Sets features of the wire's both ends, as ethtool(8) names them. */
  void wire(String features) {
    nodes.forEach(node -> node.sh("ethtool -K eth0 " + features));
  }

  /** Whether no packet has left or will leave the fast path. */
  boolean tunsAreQuiet() {
    return tuns.stream().allMatch(HeldDevice::isQuiet);
  }

  /** The nodes' pods talk by a vxlan device instead, until {@link #useFastPath}. */
  void useVxlan() {
    for (int number = 1; number <= 2; number++) {
      Host node = node(number);
      int other = 3 - number;
      node.sh(
          "ip link add vx0 mtu %d address 02:00:00:00:01:0%d type vxlan id 1 dev eth0 local %s"
                  .formatted(mtu - 50, number, address(number))
              + " dstport 4789 nolearning");
      node.sh("ip link set vx0 up && ip addr add 10.6.%d.0/32 dev vx0".formatted(number));
      node.sh("bridge fdb add 02:00:00:00:01:0%d dev vx0 dst %s".formatted(other, address(other)));
      node.sh("ip neigh add 10.6.%d.0 lladdr 02:00:00:00:01:0%d dev vx0".formatted(other, other));
      node.sh("ip route add %s via 10.6.%d.0 dev vx0 onlink".formatted(subnet(other), other));
      pod(number).sh("ip link set eth0 mtu " + (mtu - 50));
    }
  }

  void useFastPath() {
    for (int number = 1; number <= 2; number++) {
      node(number).sh("ip link del vx0");
      pod(number).sh("ip link set eth0 mtu " + (mtu - 28));
    }
  }

  @Override
  public void close() {
    fastPaths.forEach(FastPath::close);
    tuns.forEach(HeldDevice::close);
    pods.forEach(Host::close);
    nodes.forEach(Host::close);
  }
}
