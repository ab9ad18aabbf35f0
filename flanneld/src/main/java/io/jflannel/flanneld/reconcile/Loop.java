// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.Kernel.Interest;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.State;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ThreadCpuClock;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The loop of a {@link Reconciler}: when to pass, and over what. Owned by one thread. */
final class Loop {

  private static final Backoff FIRST_RETRY =
      new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30));

  private final Reconciler.Setup setup;
  private final Kernel kernel;
  private final Bell bell;
  private final Latest<StoreView> views;
  private final Latest<ExternalInterface> followed;
  private final Ways ways;
  private final Reporter reporter;
  private final ThreadCpuClock clock = new ThreadCpuClock();

  private ExternalInterface external;
  private boolean externalMissing;
  private Optional<Lease> held = Optional.empty();
  private Optional<Wanted> wanted = Optional.empty();
  private Optional<Pace> pace = Optional.empty();
  private Backoff retry = FIRST_RETRY;
  private boolean retrying;
  private boolean listening;
  private Optional<LinuxException> deaf = Optional.empty();
  private volatile Interest interest;

  Loop(
      Reconciler.Setup setup,
      Kernel kernel,
      Bell bell,
      Latest<StoreView> views,
      Latest<ExternalInterface> followed,
      Latest<PassReport> reports) {
    this.setup = setup;
    this.kernel = kernel;
    this.bell = bell;
    this.views = views;
    this.followed = followed;
    external = setup.external();
    ways = new Ways(kernel.surroundings());
    reporter = new Reporter(setup, reports, bell);
    interest = new Interest(setup.ownership(), external.name(), State.empty(), Kernel.Ways.IGNORED);
  }

  void run() throws InterruptedException {
    while (true) {
      boolean rung = await();
      boolean disturbed = bell.hear();
      bell.broken().ifPresent(this::ringerEnded);
      Optional<StoreView> view = views.peek().map(Latest.Versioned::value);
      if (view.isPresent()) {
        hold(view.get());
        if (held.isPresent()) {
          pass(view.get(), held.get(), !rung || disturbed);
        }
      }
    }
  }

  /** The kernel's failure is gone round by listening anew; after a bug nothing can be trusted. */
  private void ringerEnded(Throwable cause) {
    switch (cause) {
      case LinuxException e -> {
        reporter.deaf(e);
        deaf = Optional.of(e);
        listening = false;
      }
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(cause);
    }
  }

  /** Until there is something to do; answers whether the bell rang. */
  private boolean await() throws InterruptedException {
    if (pace.isEmpty()) {
      bell.await();
      return true;
    }
    Pace last = pace.get();
    Duration limit =
        retrying && retry.pause().compareTo(last.tick()) < 0 ? retry.pause() : last.tick();
    boolean rung = bell.await(limit);
    Duration pause = last.pause(System.nanoTime());
    if (pause.isPositive()) {
      Thread.sleep(pause);
    }
    return rung;
  }

  /** While the own lease is awaited again, the last one is kept up: traffic goes on. */
  private void hold(StoreView view) {
    if (view.own() instanceof OwnLease.Held(var lease, _, _)) {
      held = Optional.of(lease);
    }
  }

  private void pass(StoreView view, Lease own, boolean askAgain) throws InterruptedException {
    long started = System.nanoTime();
    Duration cpu = clock.now();
    boolean failed;
    try {
      Pass.Result result = passOnce(view, own, askAgain);
      Duration wall = Duration.ofNanos(System.nanoTime() - started);
      Duration cost = clock.now().minus(cpu);
      long messages = kernel.target().messages();
      reporter.passed(result, view, problems(), wall, cost, messages);
      if (result.cutShort()) {
        bell.ring();
      } else if (!listening) {
        listen();
      }
      failed = !result.failures().isEmpty() || externalMissing || deaf.isPresent();
    } catch (LinuxException e) {
      reporter.failed(e, view);
      failed = true;
    }
    retry = failed && retrying ? retry.next() : FIRST_RETRY;
    retrying = failed;
    long ended = System.nanoTime();
    Duration cost = clock.now().minus(cpu);
    pace = Optional.of(pace.map(last -> last.next(ended, cost)).orElseGet(() -> Pace.first(ended)));
  }

  private Pass.Result passOnce(StoreView view, Lease own, boolean askAgain)
      throws InterruptedException {
    follow();
    Ownership ownership = setup.ownership().withContested(setup.backend().contested(own));
    Set<Ip> asked = setup.backend().asksFor(view);
    var freshness = askAgain ? Ways.Freshness.ASK_AGAIN : Ways.Freshness.KNOWN_SERVES;
    var basis =
        new Wanted.Basis(external, own, ways.to(asked, ownership.devices(), freshness), view);
    Wanted now =
        wanted
            .filter(known -> known.basis().sameAs(basis))
            .orElseGet(() -> Wanted.of(setup.backend(), basis));
    var matter = asked.isEmpty() ? Kernel.Ways.IGNORED : Kernel.Ways.MATTER;
    interest = new Interest(ownership, external.name(), now.adapted(), matter);
    var limits =
        new Plan.Limits(
            ownership,
            view.kept(),
            view.complete() ? Plan.Deletion.ALLOWED : Plan.Deletion.FORBIDDEN);
    Pass.Result result =
        new Pass(kernel.target(), limits, setup.nexthops(), now, () -> isOutdated(view)).run();
    wanted = Optional.of(result.wanted());
    interest = new Interest(ownership, external.name(), result.wanted().adapted(), matter);
    return result;
  }

  private boolean isOutdated(StoreView view) {
    return views
        .peek()
        .map(Latest.Versioned::value)
        .filter(newest -> !newest.wantsTheSameAs(view))
        .isPresent();
  }

  private void follow() {
    Optional<ExternalInterface> now = kernel.surroundings().follow(external);
    externalMissing = now.isEmpty();
    if (now.isPresent() && !now.get().equals(external)) {
      reporter.external(external, now.get());
      external = now.get();
      followed.put(external);
    }
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (externalMissing) {
      problems.add("interface " + external.name() + " is gone or has lost its address");
    }
    deaf.ifPresent(e -> problems.add("the kernel's events cannot be heard: " + e.getMessage()));
    return problems;
  }

  /**
   * Only after the first pass, which may make thousands of changes that would all be told; what
   * others did meanwhile is found by a second pass.
   */
  private void listen() {
    try {
      kernel.listen(() -> interest, bell);
      listening = true;
      deaf = Optional.empty();
      bell.ring();
    } catch (LinuxException e) {
      reporter.deaf(e);
      deaf = Optional.of(e);
    }
  }
}
