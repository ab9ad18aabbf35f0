// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.reconcile.PassReport.Totals;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Kernel.What;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns what passes do into reports and log lines. Owned by the loop's thread. */
final class Reporter {

  private final Reconciler.Setup setup;
  private final Latest<PassReport> reports;
  private final Bell bell;
  private final Journal journal = new Journal(System::nanoTime);
  private final Opposition opposition = new Opposition(PortOwner::name);
  private final Set<Family> families = EnumSet.noneOf(Family.class);
  private Memory memory = Memory.NONE;
  private long number;
  private long repairs;
  private boolean settled;
  private Totals totals = new Totals(Duration.ZERO, 0);

  Reporter(Reconciler.Setup setup, Latest<PassReport> reports, Bell bell) {
    this.setup = setup;
    this.reports = reports;
    this.bell = bell;
    for (Family family : Family.values()) {
      if (setup.ownership().network(family).isPresent()) {
        families.add(family);
      }
    }
  }

  void passed(
      Pass.Result result,
      StoreView view,
      List<String> problems,
      Duration wall,
      Duration cpu,
      long messages) {
    totals = new Totals(totals.cpu().plus(cpu), messages);
    List<Change> repaired = memory.repairs(result);
    boolean sweeping = view.complete() && !result.cutShort();
    journal.changed(result.done(), repaired, view.complete() && !memory.swept());
    count(repaired);
    memory = Memory.of(result, memory.swept() || sweeping);

    var attribution = Attribution.of(result, setup.backend().devices());
    List<String> general = new ArrayList<>(problems);
    general.addAll(attribution.general());
    settled |= sweeping && general.isEmpty() && attribution.own().isEmpty();
    PassReport report = report(result, attribution, general, wall, cpu);
    journal.worked();
    journal.problems(report.allProblems(), report.peers());
    reports.put(report);
  }

  private void count(List<Change> repaired) {
    long now = System.nanoTime();
    repairs += repaired.size();
    Set<What> kinds = EnumSet.noneOf(What.class);
    repaired.forEach(change -> kinds.add(What.of(change.resource())));
    kinds.forEach(what -> opposition.repaired(what, now, bell.culprit(what)));
  }

  private PassReport report(
      Pass.Result result,
      Attribution attribution,
      List<String> general,
      Duration wall,
      Duration cpu) {
    int deletes = (int) result.done().stream().filter(Journal::isDelete).count();
    return new PassReport(
        ++number,
        Instant.now(),
        settled,
        Optional.of(own(result.wanted().basis())),
        families,
        attribution.own(),
        general,
        result.wanted().basis().view().peers().size(),
        attribution.peers(),
        result.done().size() - deletes,
        deletes,
        repairs,
        wall,
        cpu,
        totals,
        opposition.opponents(System.nanoTime()));
  }

  private PassReport.Own own(Wanted.Basis basis) {
    return new PassReport.Own(basis.own().subnets(), setup.backend().mtu(basis.external()));
  }

  /** The kernel could not be read, or did not answer. */
  void failed(LinuxException e, StoreView view) {
    journal.failed(e);
    reports.put(
        new PassReport(
            ++number,
            Instant.now(),
            settled,
            Optional.empty(),
            families,
            Map.of(),
            List.of(String.valueOf(e.getMessage())),
            view.peers().size(),
            Map.of(),
            0,
            0,
            repairs,
            Duration.ZERO,
            Duration.ZERO,
            totals,
            opposition.opponents(System.nanoTime())));
  }

  /** The thread that heard the kernel's events has ended. */
  void deaf(LinuxException e) {
    journal.deaf(e);
  }

  void external(ExternalInterface before, ExternalInterface now) {
    journal.external("External interface changed from " + before.words() + " to " + now.words());
  }
}
