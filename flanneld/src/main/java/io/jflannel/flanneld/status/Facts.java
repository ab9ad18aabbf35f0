// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.udp.UdpTunnels;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the daemon knows about itself at one moment. An immutable value; {@link Board} holds the
 * newest.
 *
 * @param waiting what start-up waits for; empty once the store was asked for a lease
 * @param store the store's description
 * @param external the interface towards the others, as it is now
 * @param view the newest view of the leases
 * @param pass how far the kernel follows it
 * @param passed the peers that the last pass was over
 * @param traffic how the traffic rules are
 * @param tunnel how the tunnel of the backend udp is
 * @param file how the subnet file is
 * @param cni how the CNI configuration is; empty if none is rendered
 */
public record Facts(
    Optional<String> waiting,
    String store,
    Optional<ExternalInterface> external,
    Optional<StoreView> view,
    Optional<PassReport> pass,
    List<Lease> passed,
    Optional<TrafficReport> traffic,
    Optional<UdpTunnels.Report> tunnel,
    FileState file,
    Optional<FileState> cni) {

  /** A lost contact that comes back within this time is nobody's business. */
  static final Duration CONTACT_GRACE = Duration.ofSeconds(3);

  /** Before anything is known. */
  public static Facts atStart() {
    return new Facts(
        Optional.of("starting"),
        "",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        new FileState.Outstanding(),
        Optional.empty());
  }

  public Facts waitingFor(String what) {
    return new Facts(
        Optional.of(what), store, external, view, pass, passed, traffic, tunnel, file, cni);
  }

  public Facts running() {
    return new Facts(
        Optional.empty(), store, external, view, pass, passed, traffic, tunnel, file, cni);
  }

  public Facts withStore(String description) {
    return new Facts(
        waiting, description, external, view, pass, passed, traffic, tunnel, file, cni);
  }

  public Facts with(ExternalInterface newest) {
    return new Facts(
        waiting, store, Optional.of(newest), view, pass, passed, traffic, tunnel, file, cni);
  }

  public Facts with(StoreView newest) {
    return new Facts(
        waiting, store, external, Optional.of(newest), pass, passed, traffic, tunnel, file, cni);
  }

  /** A report that counts other peers than the newest view is one about an older view. */
  public Facts with(PassReport newest) {
    List<Lease> peers = view.map(StoreView::peers).orElse(List.of());
    return new Facts(
        waiting,
        store,
        external,
        view,
        Optional.of(newest),
        newest.wanted() == peers.size() ? peers : passed,
        traffic,
        tunnel,
        file,
        cni);
  }

  public Facts with(TrafficReport newest) {
    return new Facts(
        waiting, store, external, view, pass, passed, Optional.of(newest), tunnel, file, cni);
  }

  public Facts withTunnel(Optional<UdpTunnels.Report> newest) {
    return new Facts(waiting, store, external, view, pass, passed, traffic, newest, file, cni);
  }

  public Facts with(FileState newest) {
    return new Facts(waiting, store, external, view, pass, passed, traffic, tunnel, newest, cni);
  }

  public Facts withCni(FileState newest) {
    return new Facts(
        waiting, store, external, view, pass, passed, traffic, tunnel, file, Optional.of(newest));
  }

  /** Whether the node works, and if not, why: only its own things count (P36). */
  public Readiness readiness(Instant now) {
    if (waiting.isPresent()) {
      return new Readiness(List.of(waiting.get()));
    }
    List<String> reasons = new ArrayList<>();
    view.ifPresentOrElse(
        newest -> {
          lease(newest.own(), reasons);
          contact(newest.contact(), now, reasons);
        },
        () -> reasons.add("lease: not acquired yet"));
    pass.ifPresentOrElse(
        report -> network(report, reasons), () -> reasons.add("network: not programmed yet"));
    traffic.ifPresentOrElse(
        report -> report.blocking().forEach(problem -> reasons.add("traffic: " + problem)),
        () -> reasons.add("traffic: rules not looked at yet"));
    file("subnet file", file, reasons);
    cni.ifPresent(state -> file("CNI configuration", state, reasons));
    return new Readiness(reasons);
  }

  private static void lease(OwnLease own, List<String> reasons) {
    switch (own) {
      case OwnLease.Waiting waiting -> reasons.add("lease: " + waiting.reason());
      case OwnLease.Held held -> held.warning().ifPresent(reasons::add);
    }
  }

  private static void contact(StoreView.Contact contact, Instant now, List<String> reasons) {
    if (!contact.connected() && !now.isBefore(contact.since().plus(CONTACT_GRACE))) {
      reasons.add("store: " + contact.detail());
    }
  }

  private static void network(PassReport report, List<String> reasons) {
    List<String> problems = report.allProblems();
    problems.forEach(problem -> reasons.add("network: " + problem));
    if (!report.settled() && problems.isEmpty()) {
      reasons.add("network: waiting for the first complete list of leases");
    }
  }

  private static void file(String what, FileState state, List<String> reasons) {
    switch (state) {
      case FileState.Outstanding outstanding -> reasons.add(what + ": not written yet");
      case FileState.Written written -> {}
      case FileState.Failed failed -> reasons.add(what + ": " + failed.reason());
    }
  }
}
