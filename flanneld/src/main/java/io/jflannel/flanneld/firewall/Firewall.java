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
import java.util.EnumMap;
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

  private static final Backoff RETRY = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));

  /** So often programs that do not end in time are asked which iptables the host uses. */
  private static final int QUESTIONS = 2;

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
  private final AtomicReference<Optional<Subnets>> own = new AtomicReference<>(Optional.empty());

  /** Who has changed something last. */
  private final AtomicReference<Optional<NftablesEvent.Committed>> culprit =
      new AtomicReference<>(Optional.empty());

  private final Latest<Boolean> bell = new Latest<>();

  /** Families without rules that were seen to have none; nobody is fought over them. */
  private final Set<Family> clean = EnumSet.noneOf(Family.class);

  /** The last ring of the bell that was heeded. */
  private long heard;

  /** Of looks that others cause. */
  private final Pace pace = new Pace(System.nanoTime());

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
        watch(new Keeping(engines, tables, ear));
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
    RateLimitedLog failures = new RateLimitedLog(LOG, System::nanoTime);
    Backoff retry = RETRY;
    for (int question = 1; ; question++) {
      try {
        return Engines.choose(
            setup.nftables(),
            setup.variant(),
            programs,
            setup.names(),
            setup.claim(),
            tables,
            question < QUESTIONS);
      } catch (FirewallException | LinuxException e) {
        failures.failed("choose", "Cannot tell which iptables this host uses: " + e.getMessage());
        Thread.sleep(retry.pause());
        retry = retry.next();
      }
    }
  }

  /** What works on the rules, all on one thread. */
  private final class Keeping {
    private final Engine engine;
    private final Ear ear;
    private final Echo echo;
    private final Guard guard;
    private final Teller teller;
    private final Remains remains;

    Keeping(Engines engines, LoadedTables tables, Ear ear) {
      engine = engines.used();
      this.ear = ear;
      echo = new Echo(tables);
      teller = new Teller(engine.description(), reports);
      guard = new Guard(engine, tables, echo, System::nanoTime, teller::overdue);
      remains = new Remains(engines.others());
    }
  }

  /** What the lease asks for, worked out once for each. */
  private record Wanted(Subnets subnets, Map<Family, Map<Part, List<Rule>>> rules) {
    static Wanted of(TrafficRules.Settings settings, Subnets subnets) {
      Map<Family, Map<Part, List<Rule>>> rules = new EnumMap<>(Family.class);
      for (Family family : Family.values()) {
        rules.put(family, TrafficRules.of(family, settings, subnets));
      }
      return new Wanted(subnets, rules);
    }
  }

  private void watch(Keeping keeping) throws InterruptedException {
    while (own.get().isEmpty()) { // others may ring too
      heard = bell.awaitNewer(heard).version();
    }
    Backoff retry = RETRY;
    Wanted wanted = Wanted.of(setup.settings(), own.get().orElseThrow());
    boolean repair = false;
    while (true) {
      Subnets subnets = own.get().orElseThrow();
      if (!subnets.equals(wanted.subnets())) {
        wanted = Wanted.of(setup.settings(), subnets);
        repair = false;
      }
      Findings findings = look(keeping, wanted, repair);
      keeping.guard.settle();
      repair = true;
      rest(keeping.echo, subnets, findings.areNone() ? setup.resync() : retry.pause());
      retry = findings.areUndone() ? RETRY : retry.next();
    }
  }

  /** Until there may be something to do; what we have changed ourselves is no news. */
  private void rest(Echo echo, Subnets done, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      var rung = bell.awaitNewer(heard, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
      rung.ifPresent(ring -> heard = ring.version());
      if (rung.isEmpty() || !own.get().equals(Optional.of(done))) {
        pace.looked(System.nanoTime()); // it counts, that others do not cause twice as many
        return;
      }
      if (!echo.isSettled()) {
        Thread.sleep(pace.pause(System.nanoTime()));
        pace.looked(System.nanoTime());
        heard = bell.peek().map(Latest.Versioned::version).orElse(heard);
        return;
      }
    }
  }

  /** Looks once; answers what is not as wanted now. */
  private Findings look(Keeping keeping, Wanted all, boolean repair) throws InterruptedException {
    String by =
        culprit
            .getAndSet(Optional.empty())
            .filter(commit -> keeping.echo.isNews(commit.generation()))
            .map(commit -> "%s (pid %d)".formatted(commit.process(), commit.pid()))
            .orElse("");
    Findings findings = new Findings();
    keeping
        .ear
        .deaf()
        .ifPresent(
            why -> findings.notes().add("changes by others are found late, by the timer: " + why));
    for (Map.Entry<Family, Map<Part, List<Rule>>> each : all.rules().entrySet()) {
      Family family = each.getKey();
      Map<Part, List<Rule>> wanted = each.getValue();
      boolean wantsNone = unwanted(wanted).size() == Part.values().length;
      if (wantsNone && (clean.contains(family) || holdsNothing(keeping.engine, family))) {
        clean.add(family);
      } else {
        Outcome outcome = keeping.guard.converge(family, wanted).withoutMissing(unwanted(wanted));
        keeping.teller.tell(family, outcome, repair, by);
        add(family, wanted, outcome, findings);
      }
    }
    findings.notes().addAll(keeping.remains.notes());
    keeping.teller.report(all.subnets(), findings);
    if (findings.areNone() && !keeping.remains.areSwept()) {
      keeping.remains.sweep(findings);
      keeping.teller.report(all.subnets(), findings);
    }
    return findings;
  }

  private static void add(
      Family family, Map<Part, List<Rule>> wanted, Outcome outcome, Findings findings) {
    outcome
        .problems()
        .forEach((part, problem) -> {
          boolean blocks = blocks(part, problem) && !unwanted(wanted).contains(part);
          String text = "%s %s rules: %s".formatted(family, part, problem.getMessage());
          (blocks ? findings.blocking() : findings.problems()).add(text);
          if (problem.isUndone()) {
            findings.undone().add(text);
          }
        });
    outcome.notes().forEach(note -> findings.notes().add(family + ": " + note));
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
}
