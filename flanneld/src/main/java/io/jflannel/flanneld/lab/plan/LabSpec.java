// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.plan;

import io.jflannel.flanneld.config.Options.UdpDatapath;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.List;

/**
 * What a lab is made of.
 *
 * @param nodes number of hosts, 1..{@value #MOST_NODES}
 * @param masquerade whether containers get out of the overlay, to a host that knows no way into it
 * @param datapath of the backend udp
 */
public record LabSpec(
    int nodes,
    LabBackend backend,
    LabFamilies families,
    LabStore store,
    LabFirewall firewall,
    boolean masquerade,
    UdpDatapath datapath) {

  /** Each host costs a process of some 60 MB. */
  public static final int MOST_NODES = 100;

  /** {@code Network} of the configuration. */
  public static final Cidr NETWORK = Cidr.parse("10.244.0.0/16");

  /** {@code IPv6Network} of the configuration. */
  public static final Cidr IPV6_NETWORK = Cidr.parse("fd00:10:244::/48");

  public LabSpec {
    if (nodes < 1 || nodes > MOST_NODES) {
      throw new IllegalArgumentException("a lab has 1 to " + MOST_NODES + " nodes, not " + nodes);
    }
    if (backend == LabBackend.UDP && families != LabFamilies.IPV4) {
      throw new IllegalArgumentException("the backend udp carries IPv4 only");
    }
    if (store == LabStore.KUBE && families == LabFamilies.IPV6) {
      throw new IllegalArgumentException("the lab's API server has an IPv4 address");
    }
    if (backend != LabBackend.UDP && datapath != UdpDatapath.AUTO) {
      throw new IllegalArgumentException("only the backend udp has data paths to choose from");
    }
  }

  /** Three hosts. */
  public static LabSpec of(LabBackend backend, LabFamilies families, LabStore store) {
    return new LabSpec(3, backend, families, store, LabFirewall.IPTABLES, false, UdpDatapath.AUTO);
  }

  public LabSpec withNodes(int count) {
    return new LabSpec(count, backend, families, store, firewall, masquerade, datapath);
  }

  public LabSpec withRules(LabFirewall by, boolean masquerading) {
    return new LabSpec(nodes, backend, families, store, by, masquerading, datapath);
  }

  /** With the backend udp, packets carried like that. */
  public LabSpec withDatapath(UdpDatapath chosen) {
    return new LabSpec(nodes, backend, families, store, firewall, masquerade, chosen);
  }

  /** The network configuration, as an operator would write it (spec section 3). */
  public String networkConfig() {
    List<Json.Member> members = new ArrayList<>();
    switch (families) {
      case IPV4 -> members.add(text("Network", NETWORK));
      case IPV6 -> {
        members.add(flag("EnableIPv4", false));
        members.add(flag("EnableIPv6", true));
        members.add(text("IPv6Network", IPV6_NETWORK));
      }
      case DUAL -> {
        members.add(text("Network", NETWORK));
        members.add(flag("EnableIPv6", true));
        members.add(text("IPv6Network", IPV6_NETWORK));
      }
    }
    if (firewall == LabFirewall.NFTABLES) {
      members.add(flag("EnableNFTables", true));
    }
    members.add(new Json.Member("Backend", backend.config()));
    return new Json.Obj(members).text();
  }

  /**
   * The subnets that a controller manager would give to a host.
   *
   * @param host from 1
   */
  public List<String> podCidrs(int host) {
    List<String> cidrs = new ArrayList<>();
    if (families.has(Family.V4)) {
      cidrs.add("10.244.%d.0/24".formatted(host));
    }
    if (families.has(Family.V6)) {
      cidrs.add("fd00:10:244:%x::/64".formatted(host));
    }
    return cidrs;
  }

  private static Json.Member text(String name, Cidr value) {
    return new Json.Member(name, new Json.Str(value.toString()));
  }

  private static Json.Member flag(String name, boolean value) {
    return new Json.Member(name, new Json.Bool(value));
  }

  /** As in "3 nodes, vxlan, IPv4, local store", with what is not the default. */
  @Override
  public String toString() {
    return "%d node%s, %s%s, %s, %s store%s%s"
        .formatted(
            nodes,
            nodes == 1 ? "" : "s",
            backend,
            datapath == UdpDatapath.AUTO ? "" : " (" + datapath + ")",
            families,
            store,
            firewall == LabFirewall.NFTABLES ? ", nftables" : "",
            masquerade ? ", masquerade" : "");
  }
}
