// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.fastpath.FastPathCounters;
import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.reconcile.PassReport.Opponent;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.udp.TunnelCounters;
import io.jflannel.flanneld.udp.UdpTunnels;
import io.jflannel.json.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The status file's content. Members may be added in later versions, none change their meaning. */
public final class StatusDocument {

  /** Of the refused keys; all are counted. */
  private static final int SHOWN_REFUSALS = 1_000;

  private StatusDocument() {}

  /** Everything about the daemon that an operator may ask. Pure. */
  public static Json.Obj of(About about, Facts facts, Instant now) {
    Fields fields = new Fields();
    fields.text("version", about.version());
    fields.number("pid", about.pid());
    fields.text("started", about.started().toString());
    fields.text("written", now.toString());
    List<String> reasons = facts.readiness(now).reasons();
    fields.flag("ready", reasons.isEmpty());
    fields.texts("reasons", reasons);
    facts.view().flatMap(StoreView::restartNeeded).ifPresent(r -> fields.text("restartNeeded", r));
    fields.put("lease", lease(facts));
    fields.put("store", store(facts));
    facts.external().ifPresent(external -> fields.put("interface", external(external)));
    fields.put("subnetFile", file(new Json.Str(about.subnetFile().toString()), facts.file()));
    Json cni = about.options().member("cni-output").orElse(new Json.Str(""));
    facts.cni().ifPresent(state -> fields.put("cniConfiguration", file(cni, state)));
    facts.pass().ifPresent(pass -> fields.put("network", network(pass)));
    facts.traffic().ifPresent(traffic -> fields.put("traffic", traffic(traffic)));
    facts.tunnel().ifPresent(tunnel -> fields.put("tunnel", tunnel(tunnel)));
    fields.put("peers", peers(facts));
    fields.number("refusedCount", facts.view().map(view -> view.refused().size()).orElse(0));
    fields.put("refused", refused(facts));
    fields.put("options", about.options());
    return fields.object();
  }

  /**
   * The same as one line of JSON. DEL and the C1 control characters are escaped too, which JSON
   * does not ask for: keys of others are in it, and people show it in terminals.
   */
  public static String text(About about, Facts facts, Instant now) {
    String json = of(about, facts, now).text();
    StringBuilder out = new StringBuilder(json.length());
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (Character.isISOControl(c)) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static Json lease(Facts facts) {
    Fields fields = new Fields();
    Optional<OwnLease> own = facts.view().map(StoreView::own);
    if (own.isEmpty()) {
      return fields.text("state", "waiting").text("reason", "not asked for yet").object();
    }
    switch (own.get()) {
      case OwnLease.Waiting waiting ->
          fields.text("state", "waiting").text("reason", waiting.reason());
      case OwnLease.Held held -> {
        fields.text("state", "held");
        node(fields, held.lease());
        held.expires().ifPresent(expires -> fields.text("expires", expires.toString()));
        held.warning().ifPresent(warning -> fields.text("warning", warning));
      }
    }
    return fields.object();
  }

  private static void node(Fields fields, Lease lease) {
    Subnets subnets = lease.subnets();
    LeaseAttributes attributes = lease.attributes();
    fields.optional("subnet", subnets.v4());
    fields.optional("ipv6Subnet", subnets.v6());
    fields.optional("publicIp", attributes.publicIp());
    fields.optional("publicIpv6", attributes.publicIpv6());
    if (!attributes.backendType().isEmpty()) {
      fields.text("backend", attributes.backendType());
    }
  }

  private static Json store(Facts facts) {
    Fields fields = new Fields();
    fields.text("description", facts.store());
    facts
        .view()
        .ifPresent(view -> {
          fields.flag("connected", view.contact().connected());
          fields.text("since", view.contact().since().toString());
          if (!view.contact().detail().isEmpty()) {
            fields.text("detail", view.contact().detail());
          }
          fields.flag("complete", view.complete());
        });
    return fields.object();
  }

  private static Json external(ExternalInterface external) {
    Fields fields = new Fields();
    fields.text("name", external.name()).number("mtu", external.mtu());
    fields.optional("address", external.address4());
    fields.optional("ipv6Address", external.address6());
    fields.optional("publicIp", external.public4());
    fields.optional("publicIpv6", external.public6());
    return fields.object();
  }

  private static Json file(Json path, FileState state) {
    Fields fields = new Fields().put("path", path);
    return switch (state) {
      case FileState.Outstanding outstanding -> fields.text("state", "outstanding").object();
      case FileState.Written written -> fields.text("state", "written").object();
      case FileState.Failed failed ->
          fields.text("state", "failed").text("reason", failed.reason()).object();
    };
  }

  private static Json network(PassReport pass) {
    return new Fields()
        .texts("problems", pass.allProblems())
        .put(
            "lastPass",
            new Fields()
                .text("at", pass.at().toString())
                .number("put", pass.puts())
                .number("deleted", pass.deletes())
                .number("milliseconds", pass.wall().toMillis())
                .number("cpuMilliseconds", pass.cpu().toMillis())
                .object())
        .put(
            "totals",
            new Fields()
                .number("cpuMilliseconds", pass.totals().cpu().toMillis())
                .number("messages", pass.totals().messages())
                .object())
        .number("repairs", pass.repairs())
        .texts("opponents", pass.opponents().stream().map(Opponent::toString).toList())
        .object();
  }

  private static Json traffic(TrafficReport traffic) {
    List<String> problems = new ArrayList<>(traffic.blocking());
    problems.addAll(traffic.problems());
    return new Fields()
        .text("engine", traffic.engine())
        .texts("problems", problems)
        .texts("notes", traffic.notes())
        .number("repairs", traffic.repairs())
        .texts("opponents", traffic.opponents())
        .object();
  }

  private static Json tunnel(UdpTunnels.Report tunnel) {
    Fields drops = new Fields();
    tunnel
        .counters()
        .drops()
        .forEach((reason, count) -> {
          if (count > 0) {
            drops.number(reason.name().toLowerCase(Locale.ROOT), count);
          }
        });
    Fields fields =
        new Fields()
            .text("device", tunnel.device())
            .text(
                "datapath",
                tunnel.kernel().isPresent()
                    ? "ebpf"
                    : tunnel.datapath().path().name().toLowerCase(Locale.ROOT))
            .texts("fallbacks", tunnel.datapath().fallbacks())
            .put("sent", direction(tunnel.counters().sent()))
            .put("received", direction(tunnel.counters().received()))
            .put("drops", drops.object())
            .number("unreachable", tunnel.counters().unreachable());
    tunnel.kernel().ifPresent(kernel -> fields.put("kernel", kernel(kernel)));
    return fields.object();
  }

  /** What passed by the kernel alone, and why others did not. */
  private static Json kernel(FastPathCounters counters) {
    Fields others = new Fields();
    counters
        .others()
        .forEach((reason, count) -> {
          if (count > 0) {
            others.number(reason.name().toLowerCase(Locale.ROOT), count);
          }
        });
    return new Fields()
        .put("sent", traffic(counters.sent()))
        .put("received", traffic(counters.received()))
        .put("others", others.object())
        .object();
  }

  private static Json traffic(FastPathCounters.Traffic traffic) {
    return new Fields()
        .number("packets", traffic.packets())
        .number("bytes", traffic.bytes())
        .object();
  }

  /** Batch sizes: how often a round moved 1, 2 to 3, 4 to 7, … packets. */
  private static Json direction(TunnelCounters.Direction direction) {
    return new Fields()
        .number("packets", direction.packets())
        .number("bytes", direction.bytes())
        .number("calls", direction.calls())
        .put(
            "batches",
            new Json.Arr(
                direction.batches().stream()
                    .map(count -> (Json) new Json.Num(Long.toString(count)))
                    .toList()))
        .object();
  }

  private static Json peers(Facts facts) {
    Map<Subnets, String> problems = facts.pass().map(PassReport::peers).orElse(Map.of());
    Set<Lease> passed = new HashSet<>(facts.passed());
    List<Json> peers = new ArrayList<>();
    for (Lease peer : facts.view().map(StoreView::peers).orElse(List.of())) {
      Fields fields = new Fields();
      node(fields, peer);
      Optional<String> problem = Optional.ofNullable(problems.get(peer.subnets()));
      fields.flag("programmed", problem.isEmpty() && passed.contains(peer));
      problem.ifPresent(reason -> fields.text("reason", reason));
      peers.add(fields.object());
    }
    return new Json.Arr(peers);
  }

  private static Json refused(Facts facts) {
    return new Json.Arr(
        facts.view().map(StoreView::refused).stream()
            .flatMap(Collection::stream)
            .limit(SHOWN_REFUSALS)
            .map(refusal ->
                (Json)
                    new Fields()
                        .text("key", refusal.key())
                        .text("reason", refusal.reason())
                        .object())
            .toList());
  }

  /** An object under construction. */
  private static final class Fields {
    private final List<Json.Member> members = new ArrayList<>();

    Fields put(String name, Json value) {
      members.add(new Json.Member(name, value));
      return this;
    }

    Fields text(String name, String value) {
      return put(name, new Json.Str(value));
    }

    Fields optional(String name, Optional<?> value) {
      value.ifPresent(present -> text(name, present.toString()));
      return this;
    }

    Fields number(String name, long value) {
      return put(name, new Json.Num(Long.toString(value)));
    }

    Fields flag(String name, boolean value) {
      return put(name, new Json.Bool(value));
    }

    Fields texts(String name, List<String> values) {
      return put(
          name, new Json.Arr(values.stream().map(value -> (Json) new Json.Str(value)).toList()));
    }

    Json.Obj object() {
      return new Json.Obj(members);
    }
  }
}
