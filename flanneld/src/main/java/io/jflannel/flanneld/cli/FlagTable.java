// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import static io.jflannel.flanneld.cli.Flag.bool;
import static io.jflannel.flanneld.cli.Flag.choice;
import static io.jflannel.flanneld.cli.Flag.integer;
import static io.jflannel.flanneld.cli.Flag.text;
import static io.jflannel.flanneld.cli.Flag.value;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The flags of flanneld (spec 1.1) and ours. The usage text sorts them. */
final class FlagTable {

  private FlagTable() {}

  static GoFlags flanneld() {
    List<Flag> all = new ArrayList<>();
    for (List<Flag> group : List.of(ETCD, INTERFACE, NODE, KUBERNETES, PROCESS, OURS)) {
      all.addAll(group);
    }
    return new GoFlags(all);
  }

  private static final List<Flag> ETCD =
      List.of(
          text(
              "etcd-endpoints",
              "http://127.0.0.1:4001,http://127.0.0.1:2379",
              "etcd URLs, separated by commas"),
          text("etcd-prefix", "/coreos.com/network", "root of flannel's keys in etcd"),
          text("etcd-keyfile", "", "PEM file with the client key for etcd"),
          text("etcd-certfile", "", "PEM file with the client certificate for etcd"),
          text("etcd-cafile", "", "PEM file with the authorities that vouch for etcd"),
          text("etcd-username", "", "etcd user"),
          text("etcd-password", "", "password of the etcd user"));

  private static final List<Flag> INTERFACE =
      List.of(
          value(
              "iface",
              "",
              "interface between the nodes, by name or by IP; may be repeated, the first that"
                  + " fits is taken",
              text -> Optional.empty()),
          value(
              "iface-regex",
              "",
              "regular expression searched in interface IPs, then in names; may be repeated; tried"
                  + " after -iface",
              text -> Optional.empty()),
          text(
              "iface-can-reach",
              "",
              "take the interface that the kernel uses to reach this IP; tried last"),
          text("public-ip", "", "IPv4 address announced to the other nodes"),
          text("public-ipv6", "", "IPv6 address announced to the other nodes"));

  private static final List<Flag> NODE =
      List.of(
          text("subnet-file", "/run/flannel/subnet.env", "file that tells containers their subnet"),
          integer(
              "subnet-lease-renew-margin",
              60,
              "renew the lease this many minutes before it ends, 1 to 1439"),
          bool("ip-masq", false, "masquerade traffic that leaves the overlay network"),
          bool(
              "ip-masq-fully-random-disable",
              false,
              "masquerade without fully random source ports"),
          integer(
              "iptables-resync", 5, "seconds between two checks of the firewall rules, at least 1"),
          bool("iptables-forward-rules", true, "let the firewall forward the overlay's traffic"),
          bool("ip-blackhole-route", false, "keep a blackhole route for this node's own subnet"));

  private static final List<Flag> KUBERNETES =
      List.of(
          bool("kube-subnet-mgr", false, "keep leases in the Kubernetes API instead of etcd"),
          text("kube-api-url", "", "URL of the Kubernetes API server"),
          text(
              "kube-annotation-prefix",
              "flannel.alpha.coreos.com",
              "prefix of the node annotations"),
          text("kubeconfig-file", "", "kubeconfig file"),
          text(
              "net-config-path",
              "/etc/kube-flannel/net-conf.json",
              "network configuration file, with -kube-subnet-mgr only"),
          bool(
              "set-node-network-unavailable",
              true,
              "clear the node's condition NetworkUnavailable, with -kube-subnet-mgr only"));

  private static final List<Flag> PROCESS =
      List.of(
          bool("version", false, "print the version and exit"),
          text("healthz-ip", "0.0.0.0", "address of the health server"),
          integer("healthz-port", 0, "port of the health server, 0 for none"),
          value("v", "0", "log verbosity", GoText::levelProblem),
          value(
              "vmodule",
              "",
              "pattern=N list, accepted without effect: the source files are not upstream's",
              GoText::vmoduleProblem),
          value(
              "log_backtrace_at",
              "",
              "file:N, accepted without effect: the source files are not upstream's",
              GoText::traceProblem));

  private static final List<Flag> OURS =
      List.of(
          choice("etcd-api", List.of("auto", "v2", "v3"), "etcd API to use (ours): auto, v2 or v3"),
          text(
              "local-store",
              "",
              "directory that holds the leases instead of etcd, for several daemons on one machine"
                  + " (ours)"),
          text(
              "cni-output",
              "",
              "CNI configuration to write (ours), with -cni-template: once the network works, so"
                  + " that pods start exactly when they can"),
          text(
              "cni-template",
              "",
              "CNI configuration that names the plugin flannel (ours); what that would delegate to"
                  + " goes to -cni-output"),
          choice(
              "bridge-netfilter",
              List.of("require", "warn"),
              "what to do if the kernel module br_netfilter is missing while iptables is used"
                  + " (ours): require (it, or exit) or warn"),
          text(
              "instance",
              "",
              "name appended to those of chains, tables and comments, so that several daemons share"
                  + " a host (ours)"),
          choice(
              "iptables-mode",
              List.of("auto", "nft", "legacy"),
              "which iptables to use (ours): auto (the one that the host uses), nft or legacy"),
          choice(
              "log-format", List.of("klog", "json"), "form of the log lines (ours): klog or json"),
          choice(
              "nexthop-objects",
              List.of("auto", "never"),
              "use the kernel's nexthop objects for many IPv4 routes (ours): auto or never"),
          choice(
              "on-lease-lost",
              List.of("follow", "exit"),
              "what to do when another node took this node's subnet (ours): follow (to a new one)"
                  + " or exit"),
          text(
              "status-file",
              "",
              "file that shows the daemon's state (ours); empty: status.json beside the subnet"
                  + " file"),
          choice(
              "udp-datapath",
              List.of("auto", "ebpf", "offload", "batch", "single"),
              "how the backend udp carries packets (ours): auto (the best that the kernel knows),"
                  + " ebpf (in the kernel, between nodes that both ask for it), offload (large packets),"
                  + " batch (many in a call) or single"));
}
