// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.cni.CniKeeper;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.firewall.Firewall;
import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.firewall.Variant;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.kernel.NetlinkKernel;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.reconcile.Reconciler;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.status.Board;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.subnetfile.PreviousSubnets;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.TrafficRules;
import io.jflannel.flanneld.udp.UdpTunnels;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What runs once the configuration and the interface are known. Every arrow is a {@link Latest}:
 *
 * <pre>
 *   store ── views ──► network ── reports ──► board ── wanted file ──► subnet file
 *     ▲                   │                     ▲
 *     '── own attributes ─┴── external ─────────'
 * </pre>
 */
final class Node {

  /** Between two looks at the tunnel's counters. */
  private static final Duration COUNTING = Duration.ofSeconds(2);

  private final Options options;
  private final NetworkConfig config;
  private final Backend backend;
  private final Tunnelling tunnelling;
  private final ExternalInterface chosen;
  private final PreviousSubnets previous;
  private final Board board;
  private final Backend.Vteps vteps;
  private final Firewall firewall;

  private final Latest<StoreView> views = new Latest<>();
  private final Latest<OwnAttributes> attributes = new Latest<>();
  private final Latest<ExternalInterface> externals = new Latest<>();
  private final Latest<PassReport> reports = new Latest<>();
  private final Latest<TrafficReport> rules = new Latest<>();
  private final Latest<SubnetEnv> files = new Latest<>();

  /**
   * A node that {@link #start} starts.
   *
   * @param vteps MACs for what is not published yet; the published one is the truth from then on
   */
  Node(
      Options options,
      NetworkConfig config,
      Backend backend,
      Tunnelling tunnelling,
      ExternalInterface chosen,
      Backend.Vteps vteps,
      PreviousSubnets previous,
      Optional<String> programs,
      Board board) {
    this.options = options;
    this.config = config;
    this.backend = backend;
    this.tunnelling = tunnelling;
    this.chosen = chosen;
    this.previous = previous;
    this.board = board;
    this.vteps = vteps;
    firewall = new Firewall(traffic(options, config, previous, programs), rules);
  }

  /** The firewall's part of the options. */
  private static Firewall.Setup traffic(
      Options options, NetworkConfig config, PreviousSubnets previous, Optional<String> programs) {
    Options.Traffic asked = options.traffic();
    Map<Family, Cidr> networks = new EnumMap<>(Family.class);
    Set<Cidr> ours = new HashSet<>(previous.networks());
    for (Family family : Family.values()) {
      config
          .range(family)
          .ifPresent(range -> {
            networks.put(family, range.network());
            ours.add(range.network());
          });
    }
    return new Firewall.Setup(
        new TrafficRules.Settings(
            networks, asked.masquerade(), asked.fullyRandom(), asked.forward()),
        new Names(asked.instance()),
        new Claim(ours),
        config.nftables(),
        switch (asked.mode()) {
          case AUTO -> Optional.empty();
          case NFT -> Optional.of(Variant.NFT);
          case LEGACY -> Optional.of(Variant.LEGACY);
        },
        options.resync(),
        programs);
  }

  /** Starts everything; nothing here waits. */
  void start(TaskScope scope, LeaseStore store, SubnetFile file) {
    externals.put(chosen);
    scope.fork("external", () -> each(externals, this::publish));
    scope.fork("store", () -> store.run(request(), views));
    scope.forkPlatform("network", reconciler()::run);
    scope.forkPlatform("traffic", firewall::run);
    scope.fork("views", () -> each(views, this::note));
    scope.fork("rules", () -> each(rules, report -> board.update(facts -> facts.with(report))));
    scope.fork("reports", this::passOnReports);
    scope.fork("wanted-file", () -> each(board.facts(), this::wantFile));
    SubnetFileKeeper keeper =
        new SubnetFileKeeper(file, files, state -> board.update(facts -> facts.with(state)));
    scope.fork("file", keeper::run);
    options
        .cni()
        .map(cni -> new CniKeeper(cni, files, state -> board.update(facts -> facts.withCni(state))))
        .ifPresent(cni -> scope.fork("cni", cni::run));
    if (tunnelling.report().isPresent()) {
      scope.fork("tunnel", this::reportTunnel);
    }
  }

  private LeaseStore.Request request() {
    return new LeaseStore.Request(
        config,
        previous.v4(),
        previous.v6(),
        attributes,
        options.renewMargin(),
        options.onLeaseLost());
  }

  private Reconciler reconciler() {
    Set<String> devices =
        Stream.of(backend.devices().v4(), backend.devices().v6())
            .flatMap(Optional::stream)
            .collect(Collectors.toSet());
    Ownership ownership = new Ownership(network(Family.V4), network(Family.V6), devices, Set.of());
    NexthopObjects nexthops =
        switch (options.nexthopObjects()) {
          case AUTO -> NexthopObjects.AUTO;
          case NEVER -> NexthopObjects.NEVER;
        };
    return new Reconciler(
        new Reconciler.Setup(backend, ownership, nexthops, chosen),
        () -> NetlinkKernel.open(tunnelling.tunnels()),
        views,
        externals,
        reports);
  }

  private Optional<Cidr> network(Family family) {
    return config.range(family).map(NetworkConfig.AddressRange::network);
  }

  private void note(StoreView view) {
    board.update(facts -> facts.with(view));
    if (view.own() instanceof OwnLease.Held held) {
      firewall.want(held.lease().subnets());
    }
  }

  /** P20, P22: what others are told follows the interface. */
  private void publish(ExternalInterface now) {
    attributes.put(published -> backend.attributes(now, vteps, published));
    board.update(facts -> facts.with(now));
  }

  /** Of passes that find nothing to do the first is told, then none until there was something. */
  private void passOnReports() throws InterruptedException {
    Latest.Versioned<PassReport> report = reports.awaitNewer(0);
    while (true) {
      PassReport told = report.value();
      board.update(facts -> facts.with(told));
      do {
        report = reports.awaitNewer(report.version());
      } while (saysNothingNew(report.value(), told));
    }
  }

  private static boolean saysNothingNew(PassReport report, PassReport told) {
    return isIdle(report)
        && isIdle(told)
        && report.settled() == told.settled()
        && report.own().equals(told.own())
        && report.wanted() == told.wanted()
        && report.repairs() == told.repairs()
        && report.allProblems().equals(told.allProblems())
        && report.peers().equals(told.peers())
        && report.opponents().size() == told.opponents().size();
  }

  private static boolean isIdle(PassReport report) {
    return report.puts() + report.deletes() == 0;
  }

  /** The tunnel's counters change all the time. */
  private void reportTunnel() throws InterruptedException {
    Optional<UdpTunnels.Report> told = Optional.empty();
    while (true) {
      Optional<UdpTunnels.Report> now = tunnelling.report();
      if (!now.equals(told)) {
        board.update(facts -> facts.withTunnel(now));
        told = now;
      }
      Thread.sleep(COUNTING);
    }
  }

  private void wantFile(Facts facts) {
    wantedFile(config, options.traffic().masquerade(), facts)
        .filter(env -> files.peek().filter(last -> last.value().equals(env)).isEmpty())
        .ifPresent(files::put);
  }

  /**
   * LIF-1: the file says that the network can be used, so not before the devices of all families
   * have come up for the subnets it names and the traffic rules are there: also when the lease has
   * moved. Later problems do not take it away.
   */
  static Optional<SubnetEnv> wantedFile(NetworkConfig config, boolean ipMasq, Facts facts) {
    return facts
        .pass()
        .filter(report -> report.families().stream().allMatch(report::ready))
        .flatMap(PassReport::own)
        .filter(own -> facts.traffic().filter(r -> r.allows(own.subnets())).isPresent())
        .map(own -> SubnetEnv.of(config, own.subnets(), own.mtu(), ipMasq));
  }

  /** Work on the newest value. */
  private interface Each<T> {
    void on(T value);
  }

  private static <T> void each(Latest<T> values, Each<T> work) throws InterruptedException {
    long seen = 0;
    while (true) {
      Latest.Versioned<T> newer = values.awaitNewer(seen);
      seen = newer.version();
      work.on(newer.value());
    }
  }
}
