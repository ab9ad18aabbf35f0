// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import java.util.List;

/**
 * A node as upstream's vxlan daemon leaves and expects it, by the golden files: made with {@code
 * ip} and {@code bridge}, lease written as text. Node N has the subnets 10.244.N.0/24 and
 * fd00:10:244:N::/64 and the MACs of {@link #mac}.
 */
record Upstream(int node, boolean dual) {

  static final String CONFIG4 =
      """
      {"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}\
      """;

  static final String CONFIG =
      """
      {"Network":"10.244.0.0/16","IPv6Network":"fd00:10:244::/48","EnableIPv6":true,\
      "Backend":{"Type":"vxlan"}}\
      """;

  static String mac(int node) {
    return "ee:fc:d0:91:f1:0" + node;
  }

  static String mac6(int node) {
    return "ce:fa:42:89:c7:0" + node;
  }

  String key() {
    String v4 = "/g/subnets/10.244.%d.0-24".formatted(node);
    return dual ? v4 + "&fd00:10:244:%d::-64".formatted(node) : v4;
  }

  String lease() {
    return lease(mac(node));
  }

  /** With another MAC for IPv4. */
  String lease(String mac) {
    return dual
        ? """
        {"PublicIP":"10.77.0.%d","PublicIPv6":"fd77::%d","BackendType":"vxlan",\
        "BackendData":{"VNI":1,"VtepMAC":"%s"},"BackendV6Data":{"VNI":1,"VtepMAC":"%s"}}\
        """
            .formatted(node, node, mac, mac6(node))
        : """
        {"PublicIP":"10.77.0.%d","PublicIPv6":null,"BackendType":"vxlan",\
        "BackendData":{"VNI":1,"VtepMAC":"%s"}}\
        """
            .formatted(node, mac);
  }

  String subnetFile() {
    String v4 = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.%d.1/24\n".formatted(node);
    String v6 =
        "FLANNEL_IPV6_NETWORK=fd00:10:244::/48\nFLANNEL_IPV6_SUBNET=fd00:10:244:%d::1/64\n"
            .formatted(node);
    return v4 + (dual ? v6 : "") + "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n";
  }

  /** Devices, addresses, settings (backends.md 3.2, 3.4). */
  void makeDevices() throws Exception {
    makeDevice(
        "flannel.1",
        "address %s mtu 1450 txqueuelen 0 type vxlan id 1 dev eth0 local 10.77.0.%d dstport 8472"
            .formatted(mac(node), node),
        "10.244.%d.0/32".formatted(node));
    if (dual) {
      makeDevice(
          "flannel-v6.1",
          "address %s mtu 1430 txqueuelen 0 type vxlan id 1 dev eth0 local fd77::%d dstport 8472"
              .formatted(mac6(node), node),
          "fd00:10:244:%d::/128".formatted(node));
    }
  }

  private void makeDevice(String name, String attributes, String address) throws Exception {
    Site.onNode(node, "link add " + name + " " + attributes + " nolearning");
    Site.sysctl(node, "net/ipv6/conf/" + name + "/accept_ra", "0");
    Site.onNode(node, "addr add " + address + " dev " + name);
    Site.onNode(node, "link set " + name + " up");
  }

  /** Neighbour, FDB entry and route of a peer, in this order (backends.md 3.5). */
  void program(Upstream peer) throws Exception {
    program(peer.node, mac(peer.node), mac6(peer.node));
  }

  /** For a peer with these MACs. */
  void program(int peer, String peerMac, String peerMac6) throws Exception {
    Site.onNode(
        node,
        "neigh replace 10.244.%d.0 lladdr %s dev flannel.1 nud permanent".formatted(peer, peerMac));
    Site.exec(
        node,
        "bridge fdb replace %s dev flannel.1 dst 10.77.0.%d self permanent"
            .formatted(peerMac, peer));
    Site.onNode(
        node,
        "route replace 10.244.%1$d.0/24 via 10.244.%1$d.0 dev flannel.1 proto boot onlink"
            .formatted(peer));
    if (dual) {
      String destination = "fd00:10:244:%d::".formatted(peer);
      Site.onNode(
          node,
          "neigh replace %s lladdr %s dev flannel-v6.1 nud permanent"
              .formatted(destination, peerMac6));
      Site.exec(
          node,
          "bridge fdb replace %s dev flannel-v6.1 dst fd77::%d self permanent"
              .formatted(peerMac6, peer));
      Site.onNode(
          node,
          "-6 route replace %1$s/64 via %1$s dev flannel-v6.1 proto boot metric 1024 onlink"
              .formatted(destination));
    }
  }

  /** All that this node has of flannel's, one object a line. */
  static String state(int node, boolean dual) throws Exception {
    StringBuilder text = new StringBuilder();
    for (String device : dual ? List.of("flannel.1", "flannel-v6.1") : List.of("flannel.1")) {
      text.append(Seen.link(node, device).text()).append('\n');
      text.append(Seen.addresses(node, device)).append('\n');
      text.append(Seen.neighbours(node, device).stream().sorted().toList()).append('\n');
      text.append(Seen.fdb(node, device).stream().sorted().toList()).append('\n');
      text.append("accept_ra ").append(Seen.acceptRa(node, device)).append('\n');
    }
    text.append(Seen.routes(node, "10.244.")).append('\n');
    return text.append(Seen.routes6(node, "fd00:10:244:")).toString();
  }
}
