// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.StringJoiner;

/**
 * The shell text that builds a topology, one script per step, {@code ip} commands in batches. Pure:
 * topology in, text out.
 *
 * <p>Known traps (shared/design/measured.md): a bridge whose IPv6 address is set before its first
 * port is up gets no link-local address and then cannot resolve neighbours of forwarded packets, so
 * {@code fe80::1} is given by hand; duplicate address detection and multicast snooping delay IPv6
 * by seconds, so both are off; a new namespace inherits IPv4 settings of the machine, so those that
 * matter are set.
 */
public record Wiring(Topology topology) {

  /** Makes the namespaces and their sysctls. Run in the machine's namespace. */
  public String namespaces() {
    StringBuilder script = new StringBuilder("ip -batch - <<'END'\n");
    topology.namespaces().forEach(ns -> script.append("netns add ").append(ns).append('\n'));
    script.append("END\n");
    for (String namespace : topology.namespaces()) {
      boolean forwards = topology.forwarding().contains(namespace);
      script.append(
          "nsenter --net=/run/netns/%s sh -e <<'END'\n%sEND\n"
              .formatted(namespace, sysctls(forwards)));
    }
    return script.toString();
  }

  private String sysctls(boolean forwards) {
    StringJoiner lines = new StringJoiner("\n", "", "\n");
    lines.add("cd /proc/sys/net");
    lines.add("echo 0 > ipv4/conf/all/rp_filter");
    lines.add("echo 0 > ipv4/conf/default/rp_filter");
    lines.add("echo " + (forwards ? 1 : 0) + " > ipv4/ip_forward");
    if (topology.families().has(Family.V6)) {
      for (String scope : List.of("all", "default")) {
        lines.add("echo 0 > ipv6/conf/" + scope + "/disable_ipv6");
        lines.add("echo 0 > ipv6/conf/" + scope + "/accept_dad");
        lines.add("echo " + (forwards ? 1 : 0) + " > ipv6/conf/" + scope + "/forwarding");
      }
    }
    return lines.toString();
  }

  /** The bridge and the cables to the hosts. Run in the underlay's namespace. */
  public String underlay() {
    Batch batch = new Batch();
    batch.add("link set lo up");
    batch.add("link add underlay type bridge mcast_snooping 0");
    batch.add("link set underlay up");
    topology.router().ifPresent(router -> cable(batch, "r", router));
    topology.internet().ifPresent(internet -> cable(batch, "i", internet));
    for (Topology.Host host : topology.hosts()) {
      if (!host.behindRouter()) {
        cable(batch, "n" + host.number(), host.namespace());
      }
    }
    for (Family family : topology.families().list()) {
      batch.address(topology.bridge(family), "underlay");
      if (topology.routed()) {
        batch.add(
            "route add %s via %s".formatted(topology.far(family), topology.router(family).ip()));
      }
    }
    return batch.script();
  }

  private static void cable(Batch batch, String name, String namespace) {
    batch.add("link add %s type veth peer name eth0 netns %s".formatted(name, namespace));
    batch.add("link set %s master underlay up".formatted(name));
  }

  /** The router, with a cable to the last host. Run in the router's namespace. */
  public String router() {
    Batch batch = new Batch();
    batch.add("link set lo up");
    batch.add(
        "link add eth1 type veth peer name eth0 netns %s"
            .formatted(topology.hosts().getLast().namespace()));
    batch.add("link set eth0 up");
    batch.add("link set eth1 up");
    for (Family family : topology.families().list()) {
      batch.address(topology.router(family), "eth0");
      batch.address(topology.farGateway(family), "eth1");
    }
    return batch.script();
  }

  /** The host outside: it can answer nodes, and nobody in the overlay. Run in its namespace. */
  public String internet() {
    Batch batch = new Batch();
    batch.add("link set lo up");
    batch.add("link set eth0 up");
    for (Family family : topology.families().list()) {
      batch.address(topology.internet(family), "eth0");
      if (topology.routed()) {
        batch.add(
            "route add %s via %s".formatted(topology.far(family), topology.router(family).ip()));
      }
    }
    return batch.script();
  }

  /** What Docker does on a host with iptables: nothing is forwarded without a rule. */
  public String forwardNothing() {
    StringBuilder script = new StringBuilder();
    for (Family family : topology.families().list()) {
      script.append(family == Family.V4 ? "iptables" : "ip6tables").append(" -P FORWARD DROP\n");
    }
    return script.toString();
  }

  /** A host's own addresses and default routes. Run in the host's namespace. */
  public static String host(Topology.Host host) {
    Batch batch = new Batch();
    batch.add("link set lo up");
    batch.add("link set eth0 up");
    host.addresses().forEach(address -> batch.address(address, "eth0"));
    host.gateways().forEach(gateway -> batch.add("route add default via %s".formatted(gateway)));
    return batch.script();
  }

  /** The bridge for containers and the cable to the one there is. Run in the host's namespace. */
  public static String containerBridge(Topology.Host host, SubnetFile subnet) {
    Batch batch = new Batch();
    batch.add("link add cni0 type bridge mcast_snooping 0");
    batch.add("link set cni0 mtu %d up".formatted(subnet.mtu()));
    batch.add("link add veth0 type veth peer name eth0 netns %s".formatted(host.container()));
    batch.add("link set veth0 mtu %d master cni0 up".formatted(subnet.mtu()));
    subnet.gateways().forEach(gateway -> batch.address(gateway, "cni0"));
    if (subnet.gateways().stream().anyMatch(g -> g.family() == Family.V6)) {
      batch.add("address replace fe80::1/64 dev cni0 nodad");
    }
    return batch.script();
  }

  /** Run in the container's namespace. */
  public static String container(SubnetFile subnet) {
    Batch batch = new Batch();
    batch.add("link set lo up");
    batch.add("link set eth0 mtu %d up".formatted(subnet.mtu()));
    subnet.containerAddresses().forEach(address -> batch.address(address, "eth0"));
    for (Ip gateway : subnet.gatewayAddresses()) {
      batch.add("route add default via %s".formatted(gateway));
    }
    return batch.script();
  }

  /** Lines for {@code ip -batch}. */
  private static final class Batch {
    private final StringJoiner lines = new StringJoiner("\n");

    void add(String line) {
      lines.add(line);
    }

    void address(Cidr address, String link) {
      add(
          "address add %s dev %s%s"
              .formatted(address, link, address.family() == Family.V6 ? " nodad" : ""));
    }

    String script() {
      return "ip -batch - <<'END'\n" + lines + "\nEND\n";
    }
  }
}
