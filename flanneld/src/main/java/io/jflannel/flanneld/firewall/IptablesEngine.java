// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.IptablesPlan;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.flanneld.traffic.SavedTable;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import io.jflannel.net.Family;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** iptables: one iptables-save to look at a table, one iptables-restore to change it. */
final class IptablesEngine implements Engine {

  private static final System.Logger LOG = System.getLogger(IptablesEngine.class.getName());

  private final Programs programs;
  private final Variant variant;
  private final Names names;
  private final Claim claim;
  private final LoadedTables tables;
  private final Function<Family, Interest> interests;

  private final Map<Family, Iptables> found = new EnumMap<>(Family.class);
  private final Set<Family> withoutRandomPorts = EnumSet.noneOf(Family.class);

  IptablesEngine(
      Programs programs, Variant variant, Names names, Claim claim, LoadedTables tables) {
    this.programs = programs;
    this.variant = variant;
    this.names = names;
    this.claim = claim;
    this.tables = tables;
    interests =
        Interest.ofEach(family ->
            switch (variant) {
              case LEGACY -> Interest.ofLegacy(family);
              case NFT -> Interest.ofIptables(family, names);
            });
  }

  @Override
  public String description() {
    return "iptables (%s)".formatted(variant);
  }

  @Override
  public void prepare(Family family) throws InterruptedException {
    try {
      iptables(family);
    } catch (FirewallException e) {
      LOG.log(Level.DEBUG, "Not prepared: {0}", e.getMessage());
    }
  }

  @Override
  public boolean mayHold(Family family) {
    return switch (variant) {
      case LEGACY -> tables.legacy(family);
      case NFT -> tables.nft(family);
    };
  }

  @Override
  public Optional<ChainName> chain(Family family, Part part) {
    return variant == Variant.NFT
        ? Optional.of(new ChainName(new TableName(family, part.table()), names.chain(part)))
        : Optional.empty();
  }

  @Override
  public Interest interest(Family family) {
    return interests.apply(family);
  }

  @Override
  public Outcome converge(Family family, Map<Part, List<Rule>> wanted, Doing doing)
      throws InterruptedException {
    Iptables iptables;
    try {
      iptables = iptables(family);
    } catch (FirewallException e) {
      boolean removal = wanted.values().stream().allMatch(List::isEmpty);
      return removal && e.isMissing()
          ? switch (variant) {
            case NFT -> withoutProgram(family, e, doing);
            case LEGACY -> toldWithoutProgram(family, e);
          }
          : Outcome.failed(wanted.keySet(), e);
    }
    List<Part> written = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Map<Part, FirewallException> problems = new EnumMap<>(Part.class);
    Optional<FirewallException> busy = Optional.empty();
    for (Part part : Part.values()) {
      if (busy.isPresent()) { // this part would wait as long for the same thing
        problems.put(part, busy.get());
        continue;
      }
      try {
        List<Rule> rules = wanted.getOrDefault(part, List.of());
        if (rules.isEmpty() && variant == Variant.LEGACY && !tables.legacy(family, part)) {
          continue; // looking would load the table
        }
        IptablesPlan plan = plan(iptables, part, rules);
        if (!plan.restore().isEmpty()) {
          if (doing == Doing.WRITE) {
            write(iptables, part, rules, plan);
          }
          written.add(part);
        }
        notes.addAll(plan.notes());
        if (!rules.isEmpty() && variant == Variant.NFT) {
          awake(family, part);
        }
      } catch (FirewallException e) {
        problems.put(part, e);
        busy = Optional.of(e).filter(FirewallException::isBusy);
      }
    }
    if (doing == Doing.WRITE) {
      notes.addAll(dropTables(family, withoutRules(written, wanted)));
    }
    return new Outcome(written, variant == Variant.NFT ? written.size() : 0, problems, notes);
  }

  /** The table is not ours alone, so that it is not for us to wake it. */
  private void awake(Family family, Part part) {
    TableName table = new TableName(family, part.table());
    if (tables.state(table).filter(TableState::dormant).isPresent()) {
      throw new FirewallException(
          "table %1$s is dormant, so that none of its rules does anything: wake it (nft add table"
                  .formatted(table)
              + " %s)".formatted(table));
    }
  }

  /** What iptables has made of this variant, and is surely ours, can be removed without it. */
  private Outcome withoutProgram(Family family, FirewallException missing, Doing doing) {
    List<Part> written = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Map<Part, FirewallException> problems = new EnumMap<>(Part.class);
    Removals removals = tables.removals().orElseThrow();
    for (Part part : removals.inIptables(family, names)) {
      try {
        if (!removals.isOursAlone(family, part, names, claim)) {
          throw new FirewallException(
              "chain %s also holds rules of others, to be told apart by iptables only; %s"
                  .formatted(names.chain(part), missing.getMessage()));
        }
        if (doing == Doing.WRITE) {
          removals.iptables(family, names, part).ifPresent(notes::add);
        }
        written.add(part);
      } catch (FirewallException e) {
        problems.put(part, e);
      }
    }
    if (doing == Doing.WRITE) {
      notes.addAll(dropTables(family, written));
    }
    return new Outcome(written, written.size(), problems, notes);
  }

  /** The kernel only takes a legacy table as a whole. */
  private Outcome toldWithoutProgram(Family family, FirewallException missing) {
    List<String> notes = new ArrayList<>();
    Map<Part, FirewallException> problems = new EnumMap<>(Part.class);
    for (Part part : Part.values()) {
      if (tables.legacy(family, part)) {
        Optional<Boolean> there = tables.hasLegacyChain(family, part, names);
        String chain = "chain %s of the legacy table %s".formatted(names.chain(part), part.table());
        if (there.isEmpty()) {
          notes.add("whether there is a %s cannot be seen".formatted(chain));
        } else if (there.get()) {
          problems.put(
              part, new FirewallException(chain + " is still there; " + missing.getMessage()));
        }
      }
    }
    return new Outcome(List.of(), 0, problems, notes);
  }

  private static List<Part> withoutRules(List<Part> written, Map<Part, List<Rule>> wanted) {
    return written.stream().filter(p -> wanted.getOrDefault(p, List.of()).isEmpty()).toList();
  }

  /** The nft variant makes a table with the first rule and leaves it behind the last one. */
  private List<String> dropTables(Family family, List<Part> cleared) {
    List<String> notes = new ArrayList<>();
    for (Part part : variant == Variant.NFT ? cleared : List.<Part>of()) {
      try {
        tables.removals().ifPresent(removals -> removals.ifIdle(family, part));
      } catch (LinuxException e) {
        notes.add("table %s has no rules and stays: %s".formatted(part.table(), e.getMessage()));
      }
    }
    return notes;
  }

  private Iptables iptables(Family family) throws InterruptedException {
    Iptables known = found.get(family);
    if (known == null || !known.isCurrent(programs)) {
      found.remove(family);
      known = Iptables.find(programs, family, variant);
      found.put(family, known);
      withoutRandomPorts.remove(family); // these may know them
      LOG.log(Level.INFO, "Using {0} for {1}: {2}", known.restore(), family, known.version());
    }
    return known;
  }

  private IptablesPlan plan(Iptables iptables, Part part, List<Rule> rules)
      throws InterruptedException {
    SavedTable table = new SavedTable(part, names, claim);
    boolean exists =
        variant == Variant.LEGACY
            || tables.state(new TableName(iptables.family(), part.table())).isPresent();
    iptables.read(part, table, exists);
    return IptablesPlan.between(supported(iptables.family(), rules), table, names, claim);
  }

  private List<Rule> supported(Family family, List<Rule> rules) {
    return withoutRandomPorts.contains(family)
        ? rules.stream().map(Rule::withoutRandomPorts).toList()
        : rules;
  }

  /** Without random ports if those are what is refused. */
  private void write(Iptables iptables, Part part, List<Rule> rules, IptablesPlan plan)
      throws InterruptedException {
    LOG.log(Level.DEBUG, "{0}: {1}", iptables.restore(), plan.restore());
    try {
      iptables.write(plan.restore());
    } catch (FirewallException refused) {
      if (refused.isBusy() || iptables.accepts(plan.restore())) {
        throw refused;
      }
      iptables.write(modest(iptables, part, rules, plan, refused));
      withoutRandomPorts.add(iptables.family());
      LOG.log(
          Level.WARNING,
          "{0} refuses --random-fully ({1}); masquerading without it: two connections may race for"
              + " one source port",
          iptables.restore(),
          refused.getMessage());
    }
    plan.former()
        .forEach(rule ->
            LOG.log(
                Level.INFO,
                "Removed a rule of a former version from chain {0}: {1}",
                part.builtin(),
                rule));
  }

  private String modest(
      Iptables iptables, Part part, List<Rule> rules, IptablesPlan plan, FirewallException refused)
      throws InterruptedException {
    List<Rule> modest = rules.stream().map(Rule::withoutRandomPorts).toList();
    String text = plan(iptables, part, modest).restore();
    if (modest.equals(rules) || text.equals(plan.restore()) || !iptables.accepts(text)) {
      throw refused;
    }
    return text;
  }
}
