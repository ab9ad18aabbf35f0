// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.firewall.Sight.Way;
import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.BaseChain;
import io.jflannel.linux.netfilter.Chain;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.LegacyTables;
import io.jflannel.linux.netfilter.NftablesSocket;
import io.jflannel.linux.netfilter.Removal;
import io.jflannel.linux.netfilter.Rule;
import io.jflannel.linux.netfilter.RuleBody;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import io.jflannel.linux.netfilter.Verdict;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the kernel itself tells about firewall rules, without starting a program. Belongs to the
 * thread that opens it. A kernel without nf_tables has no such tables.
 */
final class LoadedTables implements Eye, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LoadedTables.class.getName());

  /** Of the calling thread's network namespace. */
  private static final Path PROC = Path.of("/proc/thread-self/net");

  /** Some thousand rules: the kernel copies a legacy table as a whole. */
  private static final int CHEAP_TABLE = 1 << 20;

  /** So many removals fit into one transaction. */
  private static final int AT_ONCE = 100;

  /** The chains that iptables makes by itself. */
  private static final Set<String> BUILT_IN =
      Set.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

  private final Optional<NftablesSocket> socket;

  private LoadedTables(Optional<NftablesSocket> socket) {
    this.socket = socket;
  }

  static LoadedTables open() {
    try {
      return new LoadedTables(Optional.of(NftablesSocket.open()));
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.INFO, "No nf_tables in this kernel: {0}", e.getMessage());
      return new LoadedTables(Optional.empty());
    }
  }

  @Override
  public int generation() {
    return socket.map(NftablesSocket::generation).orElse(0);
  }

  /** Whether iptables' legacy variant has a table that may hold rules of ours. */
  boolean legacy(Family family) {
    return legacyTables(family).stream()
        .anyMatch(table -> List.of(Part.values()).stream().anyMatch(p -> p.table().equals(table)));
  }

  /** Whether the legacy variant has the part's table. */
  boolean legacy(Family family, Part part) {
    return legacyTables(family).contains(part.table());
  }

  /** Also absent if the legacy variant is not in the kernel: looking does not load it. */
  static List<String> legacyTables(Family family) {
    Path file = PROC.resolve(family == Family.V4 ? "ip_tables_names" : "ip6_tables_names");
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Whether iptables' nft variant has a table that may hold rules of ours. */
  boolean nft(Family family) {
    return tables(family).stream()
        .anyMatch(t -> List.of(Part.values()).stream().anyMatch(p -> p.table().equals(t.name())));
  }

  boolean ofNftables(Family family, Names names) {
    return tables(family).contains(new TableName(family, names.nftTable(family)));
  }

  Optional<TableState> state(TableName table) {
    return socket.flatMap(s -> s.table(table));
  }

  /** Hook and policy of a chain; empty if there is none, or no base chain of that name. */
  Optional<BaseChain> base(ChainName name) {
    return socket.flatMap(s -> s.chain(name)).flatMap(Chain::base);
  }

  boolean hasChain(ChainName name) {
    return socket.flatMap(s -> s.chain(name)).isPresent();
  }

  private List<TableName> tables(Family family) {
    return socket.map(s -> s.tables(family)).orElse(List.of());
  }

  @Override
  public Optional<Sight> sight(Interest interest) {
    if (socket.isEmpty() && !interest.chains().isEmpty()) {
      return Optional.empty();
    }
    Optional<Map<String, Long>> legacy = fingerprints(interest);
    try {
      return legacy.map(numbers ->
          socket
              .map(
                  s -> new Sight(states(s, interest), own(s, interest), ways(s, interest), numbers))
              .orElseGet(() -> new Sight(Map.of(), Map.of(), Map.of(), numbers)));
    } catch (DumpInterruptedException e) {
      return Optional.empty();
    }
  }

  private static Optional<Map<String, Long>> fingerprints(Interest interest) {
    Map<String, Long> numbers = new HashMap<>();
    List<String> loaded = interest.legacy().isEmpty() ? List.of() : legacyTables(interest.family());
    for (String table : interest.legacy()) {
      if (loaded.contains(table)) {
        OptionalLong number = LegacyTables.fingerprint(interest.family(), table, CHEAP_TABLE);
        if (number.isEmpty()) {
          return Optional.empty();
        }
        numbers.put(table, number.getAsLong());
      }
    }
    return Optional.of(numbers);
  }

  private static Map<TableName, TableState> states(NftablesSocket socket, Interest interest) {
    Map<TableName, TableState> states = new HashMap<>();
    for (TableName table : interest.ownTables()) {
      socket.table(table).ifPresent(state -> states.put(table, state));
    }
    for (TableName table : interest.sharedTables()) { // others may add what they like
      socket
          .table(table)
          .map(state -> new TableState(0, state.dormant(), state.owned()))
          .ifPresent(state -> states.put(table, state));
    }
    return states;
  }

  private static Map<ChainName, OwnChain> own(NftablesSocket socket, Interest interest) {
    Map<ChainName, OwnChain> own = new HashMap<>();
    for (ChainName name : interest.own()) {
      Optional<Chain> chain = socket.chain(name);
      Digest rules = socket.rules(name, Digest.collector());
      own.put(
          name,
          new OwnChain(chain.isPresent(), chain.flatMap(Chain::base), rules.count(), rules.text()));
    }
    return own;
  }

  private static Map<ChainName, Way> ways(NftablesSocket socket, Interest interest) {
    Map<ChainName, Way> ways = new HashMap<>();
    interest
        .shared()
        .forEach((name, leadsTo) ->
            ways.put(
                name, socket.rules(name, way(socket.chain(name).flatMap(Chain::base), leadsTo))));
    return ways;
  }

  /** Keeps what leads to one chain, whatever else is in the built-in one. */
  private static Collector<Rule, ?, Way> way(Optional<BaseChain> base, Interest.LeadsTo leadsTo) {
    final class Seen {
      private final List<RuleBody> jumps = new ArrayList<>();
      private boolean barred;

      void rule(Rule rule) {
        if (jumpsTo(rule.body(), leadsTo.chain())) {
          jumps.add(rule.body());
        } else if (jumps.isEmpty()) {
          barred |= rule.body().endsAll(leadsTo.endings());
        }
      }
    }
    return Collector.of(
        Seen::new,
        Seen::rule,
        (first, second) -> {
          throw new IllegalStateException("rules come in order");
        },
        seen -> new Way(base, List.copyOf(seen.jumps), seen.barred));
  }

  private static boolean jumpsTo(RuleBody body, String chain) {
    return body.verdict().flatMap(verdict -> verdict.chain()).filter(chain::equals).isPresent();
  }

  /** Removes our table of nftables if it is there. */
  void removeNftables(Family family, Names names) {
    TableName table = new TableName(family, names.nftTable(family));
    if (tables(family).contains(table)) {
      remove(List.of(new Removal.OfTable(table)));
    }
  }

  /** The parts of which iptables' nft variant has our chain. */
  List<Part> inIptables(Family family, Names names) {
    return Stream.of(Part.values()).filter(part -> hasChain(own(family, part, names))).toList();
  }

  private static ChainName own(Family family, Part part, Names names) {
    return new ChainName(new TableName(family, part.table()), names.chain(part));
  }

  /**
   * Whether every rule of our chain of iptables' nft variant is about our networks, or only lets
   * packets with a mark alone. Read from the kernel's own form of the rules.
   */
  boolean isOursAlone(Family family, Part part, Names names, Claim claim) {
    return areOurs(own(family, part, names), claim);
  }

  /** The same for our table of nftables. */
  boolean isOursAlone(Family family, Names names, Claim claim) {
    TableName table = new TableName(family, names.nftTable(family));
    return Stream.of(Part.values())
        .allMatch(part -> areOurs(new ChainName(table, part.nftChain()), claim));
  }

  private boolean areOurs(ChainName chain, Claim claim) {
    return socket.orElseThrow().rules(chain, Collectors.toList()).stream()
        .map(Rule::body)
        .allMatch(body ->
            body.addresses().isEmpty()
                ? body.verdict().filter(what -> what.code() == Verdict.Code.RETURN).isPresent()
                : claim.covers(body.addresses()));
  }

  /**
   * Removes our chain of iptables' nft variant, with the jumps to it: without the program.
   *
   * @return why the chain itself stays, if it does
   */
  Optional<String> removeIptables(Family family, Names names, Part part) {
    ChainName own = own(family, part, names);
    ChainName builtin = new ChainName(own.table(), part.builtin());
    List<Removal> jumps =
        socket.orElseThrow().rules(builtin, Collectors.toList()).stream()
            .filter(rule -> jumpsTo(rule.body(), own.name()))
            .<Removal>map(rule -> new Removal.OfRule(builtin, rule.handle()))
            .toList();
    for (int from = 0; from < jumps.size(); from += AT_ONCE) {
      remove(jumps.subList(from, Math.min(jumps.size(), from + AT_ONCE)));
    }
    remove(List.of(new Removal.OfRules(own)));
    try {
      socket.orElseThrow().remove(List.of(new Removal.OfChain(own)));
      return Optional.empty();
    } catch (LinuxException e) {
      return Optional.of("chain %s stays, without rules: %s".formatted(own, e.getMessage()));
    }
  }

  /** Removes a table of iptables' nft variant if it has nothing but built-in chains as made. */
  void removeIfIdle(Family family, Part part) {
    socket.ifPresent(s -> s.removeIfIdle(new TableName(family, part.table()), BUILT_IN));
  }

  private void remove(List<Removal> removals) {
    try {
      socket.orElseThrow().remove(removals);
    } catch (LinuxException e) {
      throw new FirewallException("the kernel does not remove " + removals + ": " + e.getMessage());
    }
  }

  @Override
  public void close() {
    socket.ifPresent(NftablesSocket::close);
  }
}
