// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which namespaces there are and what they are called and addressed. A value; nothing here touches
 * the machine. P is the prefix of this run.
 *
 * <pre>
 *                       namespace P-u
 *   +-------------------------------------------------+
 *   |  bridge "underlay"  192.0.2.254  2001:db8:a::fe |  (etcd, if there is one)
 *   +---+-----------------+------------------+--------+
 *       | n1              | n2               | r         (only with vxlan-direct)
 *   eth0| .1          eth0| .2           eth0| .253
 *   +---+-----+       +---+-----+       +----+----+      +---------+
 *   | P-n1    |       | P-n2    |       | P-r     +------+ P-n3    |
 *   | flanneld|       | flanneld|       | router  | eth1 | flanneld|
 *   |  cni0   |       |  cni0   |       +---------+      |  cni0   |
 *   +---+-----+       +---+-----+     198.51.100.254     +---+-----+
 *       |veth0            |veth0      2001:db8:b::fe         | eth0: 198.51.100.3
 *   eth0|             eth0|                                  |
 *   +---+-----+       +---+-----+                        +---+-----+
 *   | P-c1    |       | P-c2    |                        | P-c3    |   "containers"
 *   +---------+       +---------+                        +---------+
 * </pre>
 *
 * <p>With masquerade there is one more host on the bridge, P-i, .252 and ::fc: the internet. It
 * knows the underlay and no way into the overlay.
 *
 * <p>Addresses are those reserved for documentation (RFC 5737, RFC 3849). Without a router every
 * host is on the bridge, and the bridge is the (unused) default gateway.
 *
 * @param prefix of all namespace names
 * @param nodes number of hosts
 * @param families of the underlay
 * @param routed whether the last host is behind a router
 * @param outside whether there is a host outside the overlay
 */
public record Topology(
    String prefix, int nodes, LabFamilies families, boolean routed, boolean outside) {

  private static final int BRIDGE = 254;
  private static final int ROUTER = 253;
  private static final int INTERNET = 252;
  private static final Cidr LAN4 = Cidr.parse("192.0.2.0/24");
  private static final Cidr FAR4 = Cidr.parse("198.51.100.0/24");
  private static final Cidr LAN6 = Cidr.parse("2001:db8:a::/64");
  private static final Cidr FAR6 = Cidr.parse("2001:db8:b::/64");

  /**
   * One host.
   *
   * @param number from 1
   * @param addresses of its eth0, one per family
   * @param gateways its default gateways, one per family
   */
  public record Host(
      int number,
      String namespace,
      String container,
      List<Cidr> addresses,
      List<Ip> gateways,
      boolean behindRouter) {
    public Host {
      addresses = List.copyOf(addresses);
      gateways = List.copyOf(gateways);
    }
  }

  /** The topology of a lab: with a router for {@link LabBackend#VXLAN_DIRECT}. */
  public static Topology of(LabSpec spec, String prefix) {
    return new Topology(
        prefix,
        spec.nodes(),
        spec.families(),
        spec.backend() == LabBackend.VXLAN_DIRECT,
        spec.masquerade());
  }

  /** The name of the namespace of the bridge. */
  public String underlay() {
    return prefix + "-u";
  }

  /** The name of the router's namespace. */
  public Optional<String> router() {
    return routed ? Optional.of(prefix + "-r") : Optional.empty();
  }

  /** The name of the namespace of the host outside the overlay. */
  public Optional<String> internet() {
    return outside ? Optional.of(prefix + "-i") : Optional.empty();
  }

  /** Its address. */
  public Cidr internet(Family family) {
    return at(lan(family), INTERNET);
  }

  /** The hosts, in the order of their numbers. */
  public List<Host> hosts() {
    return IntStream.rangeClosed(1, nodes).mapToObj(this::host).toList();
  }

  private Host host(int number) {
    boolean far = routed && number == nodes;
    List<Cidr> addresses = new ArrayList<>();
    List<Ip> gateways = new ArrayList<>();
    for (Family family : families.list()) {
      addresses.add(at(far ? far(family) : lan(family), number));
      gateways.add(far ? farGateway(family).ip() : at(lan(family), routed ? ROUTER : BRIDGE).ip());
    }
    return new Host(
        number, prefix + "-n" + number, prefix + "-c" + number, addresses, gateways, far);
  }

  /** Every namespace, in the order they are made. */
  public List<String> namespaces() {
    Stream<String> pairs = hosts().stream().flatMap(h -> Stream.of(h.namespace(), h.container()));
    return Stream.of(Stream.of(underlay()), router().stream(), internet().stream(), pairs)
        .flatMap(s -> s)
        .toList();
  }

  /** The namespaces that forward packets: hosts and the router. */
  public List<String> forwarding() {
    return Stream.concat(router().stream(), hosts().stream().map(Host::namespace)).toList();
  }

  /** The address of the bridge, where etcd listens. */
  public Cidr bridge(Family family) {
    return at(lan(family), BRIDGE);
  }

  /** The router's address on the bridge. */
  public Cidr router(Family family) {
    return at(lan(family), ROUTER);
  }

  /** The router's address towards the last host. */
  public Cidr farGateway(Family family) {
    return at(far(family), BRIDGE);
  }

  /** The network behind the router. */
  public Cidr far(Family family) {
    return family == Family.V4 ? FAR4 : FAR6;
  }

  private static Cidr lan(Family family) {
    return family == Family.V4 ? LAN4 : LAN6;
  }

  private static Cidr at(Cidr network, int host) {
    return new Cidr(network.ip().plus(host), network.length());
  }
}
