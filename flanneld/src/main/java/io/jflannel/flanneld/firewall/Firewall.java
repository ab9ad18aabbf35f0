// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.flanneld.traffic.TrafficRules;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.NftablesEvent;
import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * Keeps the traffic rules as they should be, on the thread "traffic". Looks when the lease changes,
 * when others change chains that matter, and on a timer; writes only what is not as wanted. Rules
 * stay when it ends.
 */
public final class Firewall {

  private static final System.Logger LOG = System.getLogger(Firewall.class.getName());

  /** The least time between two looks that others cause, on average. */
  private static final Duration PACE = Duration.ofSeconds(1);

  /** Between two of them in a row: a reload is many changes. */
  private static final Duration BREATH = Duration.ofMillis(200);

  /** After so long a look is told of before its end. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  private static final Backoff RETRY = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));

  /**
   * What the operator asks for.
   *
   * @param claim whose rules are ours where others have theirs too
   * @param nftables EnableNFTables
   * @param variant {@code --iptables-mode}; empty: as the host
   * @param resync {@code --iptables-resync}
   * @param path the variable PATH
   */
  public record Setup(
      TrafficRules.Settings settings,
      Names names,
      Claim claim,
      boolean nftables,
      Optional<Variant> variant,
      Duration resync,
      Optional<String> path) {}

  private final Setup setup;
  private final Latest<TrafficReport> reports;
  private final RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
  private final AtomicReference<Optional<Subnets>> own = new AtomicReference<>(Optional.empty());

  /** Who has changed something last. */
  private final AtomicReference<Optional<NftablesEvent.Committed>> culprit =
      new AtomicReference<>(Optional.empty());

  private final Latest<Boolean> bell = new Latest<>();

  private final Undoing undoing = new Undoing();
  private final Set<Family> everRight = EnumSet.noneOf(Family.class);

  /** Families without rules that were seen to have none; nobody is fought over them. */
  private final Set<Family> clean = EnumSet.noneOf(Family.class);

  private final Set<Family> swept = EnumSet.noneOf(Family.class);

  /** The last ring of the bell that was heeded. */
  private long heard;

  /** When others last made us look, and the time before. */
  private long caused = System.nanoTime() - 2 * PACE.toNanos();

  private long causedBefore = caused;

  /**
   * @param reports where it is told how the rules are
   */
  public Firewall(Setup setup, Latest<TrafficReport> reports) {
    this.setup = setup;
    this.reports = reports;
  }

  /** Tells of which subnets the rules are; by any thread. */
  public void want(Subnets subnets) {
    Optional<Subnets> before = own.getAndSet(Optional.of(subnets));
    if (!before.equals(Optional.of(subnets))) {
      bell.put(true);
    }
  }

  /** Until interrupted. */
  public void run() throws InterruptedException {
    Programs programs = Programs.of(setup.path());
    try (LoadedTables tables = LoadedTables.open()) {
      Engines engines = engines(programs, tables);
      LOG.log(Level.INFO, "Traffic rules by {0}", engines.used().description());
      for (Family family : setup.settings().networks().keySet()) {
        engines.used().prepare(family);
      }
      List<ChainName> chains =
          Stream.of(Family.values())
              .flatMap(family -> engines.used().interest(family).chains().stream())
              .toList();
      try (Ear ear = Ear.open(chains, new Changes())) {
        Echo echo = new Echo(tables);
        Guard guard = new Guard(engines.used(), tables, echo, System::nanoTime);
        watch(engines, guard, echo, ear);
      }
    }
  }

  /** What the ear's thread tells. */
  private final class Changes implements Ear.Listener {
    @Override
    public void changed() {
      bell.put(true);
    }

    @Override
    public void committed(NftablesEvent.Committed commit) {
      culprit.set(Optional.of(commit));
    }
  }

  private Engines engines(Programs programs, LoadedTables tables) throws InterruptedException {
    Backoff retry = RETRY;
    while (true) {
      try {
        return Engines.choose(
            setup.nftables(), setup.variant(), programs, setup.names(), setup.claim(), tables);
      } catch (FirewallException | LinuxException e) {
        failures.failed("choose", "Cannot tell which iptables this host uses: " + e.getMessage());
        Thread.sleep(retry.pause());
        retry = retry.next();
      }
    }
  }

  private void watch(Engines engines, Guard guard, Echo echo, Ear ear) throws InterruptedException {
    while (own.get().isEmpty()) { // others may ring too
      heard = bell.awaitNewer(heard).version();
    }
    Backoff retry = RETRY;
    Optional<Subnets> done = Optional.empty();
    while (true) {
      Subnets subnets = own.get().orElseThrow();
      boolean right = look(engines, guard, echo, ear, subnets, done.equals(Optional.of(subnets)));
      guard.settle();
      done = Optional.of(subnets);
      retry = right ? RETRY : retry.next();
      rest(echo, subnets, right ? setup.resync() : retry.pause());
    }
  }

  /** Until there may be something to do; what we have changed ourselves is no news. */
  private void rest(Echo echo, Subnets done, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      var rung = bell.awaitNewer(heard, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
      rung.ifPresent(ring -> heard = ring.version());
      if (rung.isEmpty() || !own.get().equals(Optional.of(done))) {
        return;
      }
      if (!echo.isSettled()) {
        long next =
            Math.max(caused + BREATH.toNanos(), causedBefore + PACE.multipliedBy(2).toNanos());
        Thread.sleep(Duration.ofNanos(Math.max(0, next - System.nanoTime())));
        causedBefore = caused;
        caused = System.nanoTime();
        heard = bell.peek().map(Latest.Versioned::version).orElse(heard);
        return;
      }
    }
  }

  /** Looks once; answers whether all is as wanted now. */
  private boolean look(Engines engines, Guard guard, Echo echo, Ear ear, Subnets subnets, boolean repair)
      throws InterruptedException {
    String by =
        culprit
            .getAndSet(Optional.empty())
            .filter(commit -> echo.isNews(commit.generation()))
            .map(commit -> "%s (pid %d)".formatted(commit.process(), commit.pid()))
            .orElse("");
    List<String> blocking = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    ear.deaf()
        .ifPresent(why -> notes.add("changes by others are found late, by the timer: " + why));
    for (Family family : Family.values()) {
      Map<Part, List<Rule>> wanted = TrafficRules.of(family, setup.settings(), subnets);
      boolean wantsNone = unwanted(wanted).size() == Part.values().length;
      if (wantsNone && (clean.contains(family) || holdsNothing(engines.used(), family))) {
        clean.add(family);
        continue;
      }
      Outcome outcome;
      try (Overdue _ = Overdue.after(SLOW, () -> overdue(family))) {
        outcome = guard.converge(family, wanted).withoutMissing(unwanted(wanted));
      }
      tell(family, outcome, repair && everRight.contains(family), by);
      outcome
          .problems()
          .forEach((part, problem) ->
              (blocks(part, problem) && !unwanted(wanted).contains(part) ? blocking : problems)
                  .add("%s %s rules: %s".formatted(family, part, problem.getMessage())));
      outcome.notes().forEach(note -> notes.add(family + ": " + note));
    }
    report(engines, subnets, blocking, problems, notes);
    if (blocking.isEmpty() && problems.isEmpty() && swept.size() < Family.values().length) {
      sweep(engines.others(), problems);
      report(engines, subnets, blocking, problems, notes);
    }
    return blocking.isEmpty() && problems.isEmpty();
  }

  /** A report says that all is well until the next one. */
  private void overdue(Family family) {
    reports
        .peek()
        .map(Latest.Versioned::value)
        .ifPresent(last ->
            reports.put(
                last.blockedBy(
                    "%s rules: they have changed, and looking at them takes long: slow programs?"
                        .formatted(family))));
  }

  private void report(
      Engines engines,
      Subnets subnets,
      List<String> blocking,
      List<String> problems,
      List<String> notes) {
    TrafficReport report =
        new TrafficReport(
            engines.used().description(),
            subnets,
            blocking,
            problems,
            notes,
            undoing.total(),
            undoing.opponents(System.nanoTime()));
    if (reports.peek().filter(last -> last.value().equals(report)).isEmpty()) {
      reports.put(report);
    }
  }

  private static Set<Part> unwanted(Map<Part, List<Rule>> wanted) {
    Set<Part> parts = EnumSet.allOf(Part.class);
    parts.removeIf(part -> !wanted.getOrDefault(part, List.of()).isEmpty());
    return parts;
  }

  private static boolean holdsNothing(Engine engine, Family family) {
    try {
      return !engine.mayHold(family);
    } catch (LinuxException e) {
      return false; // said when it is looked at
    }
  }

  /**
   * Upstream goes on without forward rules where there is no iptables, and so must we: such a node
   * has worked.
   */
  private static boolean blocks(Part part, FirewallException problem) {
    return part == Part.MASQUERADE || !problem.isMissing();
  }

  private void tell(Family family, Outcome outcome, boolean repair, String by) {
    for (Part part : Part.values()) {
      String cause = family + " " + part;
      FirewallException problem = outcome.problems().get(part);
      if (problem != null) {
        failures.failed(cause, "%s rules: %s".formatted(cause, problem.getMessage()));
      } else {
        failures.recovered(cause, cause + " rules are in place");
      }
    }
    if (!outcome.written().isEmpty()) {
      if (repair) {
        undoing.repaired(System.nanoTime(), by);
        failures.failed(
            "repair " + family,
            "Put %s rules back for %s%s"
                .formatted(family, outcome.written(), by.isEmpty() ? "" : "; changed by " + by));
      } else {
        LOG.log(Level.INFO, "Wrote {0} rules: {1}", family, outcome.written());
      }
    }
    if (outcome.problems().isEmpty()) {
      everRight.add(family);
    }
  }

  /** What a former run left with another engine goes once the rules of this one are there. */
  private void sweep(List<Engine> others, List<String> problems) throws InterruptedException {
    for (Family family : Family.values()) {
      if (!swept.contains(family) && sweep(family, others, problems)) {
        swept.add(family);
      }
    }
  }

  private boolean sweep(Family family, List<Engine> others, List<String> problems)
      throws InterruptedException {
    boolean clean = true;
    for (Engine other : others) {
      Outcome outcome = Leftovers.sweep(other, family, Doing.WRITE);
      if (!outcome.written().isEmpty()) {
        LOG.log(
            Level.INFO,
            "Removed {0} rules that a former run left with {1}: {2}",
            family,
            other.description(),
            outcome.written());
      }
      for (FirewallException problem : outcome.problems().values()) {
        if (!problem.isMissing()) {
          clean = false;
          problems.add(
              "%s rules of a former run with %s: %s"
                  .formatted(family, other.description(), problem.getMessage()));
        }
      }
    }
    return clean;
  }
}
