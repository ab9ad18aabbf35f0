// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.config.Endpoints;
import io.jflannel.flanneld.config.Options;
import io.jflannel.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The options by their flags' names, without secrets (ODD-3, P37). */
public final class OptionsJson {

  private final List<Json.Member> members = new ArrayList<>();

  private OptionsJson() {}

  /** The options as one object; flags that were left empty are left out. */
  public static Json.Obj of(Options options) {
    OptionsJson json = new OptionsJson();
    json.store(options);
    json.node(options);
    return new Json.Obj(json.members);
  }

  private void store(Options options) {
    Options.Etcd etcd = options.etcd();
    Options.Kubernetes kubernetes = options.kubernetes();
    if (options.localStore().isPresent()) {
      text("local-store", options.localStore().get().toString());
    } else if (kubernetes.enabled()) {
      flag("kube-subnet-mgr", true);
      text("kube-api-url", Endpoints.masked(kubernetes.apiUrl()));
      text("kube-annotation-prefix", kubernetes.annotationPrefix());
      text("kubeconfig-file", kubernetes.kubeconfigFile());
      text("net-config-path", kubernetes.netConfigPath().toString());
      flag("set-node-network-unavailable", kubernetes.setNodeNetworkUnavailable());
    } else {
      text("etcd-endpoints", Endpoints.masked(etcd.endpoints()));
      text("etcd-prefix", etcd.prefix());
      text("etcd-api", etcd.api().name().toLowerCase(Locale.ROOT));
      text("etcd-keyfile", etcd.keyFile());
      text("etcd-certfile", etcd.certFile());
      text("etcd-cafile", etcd.caFile());
      text("etcd-username", etcd.username());
    }
    text("on-lease-lost", options.onLeaseLost().name().toLowerCase(Locale.ROOT));
    number("subnet-lease-renew-margin", options.renewMargin().toMinutes());
  }

  private void node(Options options) {
    list("iface", options.ifaces());
    list("iface-regex", options.ifaceRegexes());
    text("iface-can-reach", options.ifaceCanReach());
    text("public-ip", options.publicIp());
    text("public-ipv6", options.publicIpv6());
    text("subnet-file", options.subnetFile().toString());
    options.statusFile().ifPresent(file -> text("status-file", file.toString()));
    text("healthz-ip", options.health().ip());
    number("healthz-port", options.health().port());
    traffic(options.traffic());
    number("iptables-resync", options.resync().toSeconds());
    flag("ip-blackhole-route", options.ipBlackholeRoute());
    text("nexthop-objects", options.nexthopObjects().name().toLowerCase(Locale.ROOT));
    text("udp-datapath", options.udpDatapath().name().toLowerCase(Locale.ROOT));
    options
        .cni()
        .ifPresent(cni -> {
          text("cni-template", cni.template().toString());
          text("cni-output", cni.output().toString());
        });
    number("v", options.verbosity());
    text("log-format", options.logFormat().name().toLowerCase(Locale.ROOT));
  }

  private void traffic(Options.Traffic traffic) {
    flag("ip-masq", traffic.masquerade());
    flag("ip-masq-fully-random-disable", !traffic.fullyRandom());
    flag("iptables-forward-rules", traffic.forward());
    text("instance", traffic.instance().orElse(""));
    text("iptables-mode", traffic.mode().name().toLowerCase(Locale.ROOT));
    text("bridge-netfilter", traffic.bridgeNetfilter().name().toLowerCase(Locale.ROOT));
  }

  private void text(String name, String value) {
    Optional.of(value)
        .filter(given -> !given.isEmpty())
        .ifPresent(given -> members.add(new Json.Member(name, new Json.Str(given))));
  }

  private void flag(String name, boolean value) {
    members.add(new Json.Member(name, new Json.Bool(value)));
  }

  private void number(String name, long value) {
    members.add(new Json.Member(name, new Json.Num(Long.toString(value))));
  }

  private void list(String name, List<String> values) {
    if (!values.isEmpty()) {
      List<Json> items = values.stream().map(value -> (Json) new Json.Str(value)).toList();
      members.add(new Json.Member(name, new Json.Arr(items)));
    }
  }
}
