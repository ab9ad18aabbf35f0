// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.firewall.Sight.Way;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
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
final class LoadedTables implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LoadedTables.class.getName());

  /** Some thousand rules: the kernel copies a legacy table as a whole. */
  private static final int CHEAP_TABLE = 1 << 20;

  /** The chains that iptables makes by itself. */
  private static final Set<String> BUILT_IN =
      Set.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

  private final Optional<NftablesSocket> socket;
  private final Path proc;

  private LoadedTables(Optional<NftablesSocket> socket, Path proc) {
    this.socket = socket;
    this.proc = proc;
  }

  static LoadedTables open() {
    Path proc = Path.of("/proc/thread-self/net"); // of this thread's network namespace
    try {
      return new LoadedTables(Optional.of(NftablesSocket.open()), proc);
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.INFO, "No nf_tables in this kernel: {0}", e.getMessage());
      return new LoadedTables(Optional.empty(), proc);
    }
  }

  /** Changes with every change of any rule of nf_tables; 0 without nf_tables. */
  int generation() {
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
  List<String> legacyTables(Family family) {
    Path file = proc.resolve(family == Family.V4 ? "ip_tables_names" : "ip6_tables_names");
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

  /** Looks at what matters; empty if that cannot be seen, or not cheaply. */
  Optional<Sight> sight(Interest interest) {
    if (socket.isEmpty() && !interest.chains().isEmpty()) {
      return Optional.empty();
    }
    Map<ChainName, OwnChain> own = new HashMap<>();
    Map<ChainName, Way> shared = new HashMap<>();
    socket.ifPresent(s -> {
      for (ChainName name : interest.own()) {
        Optional<Chain> chain = s.chain(name);
        List<RuleBody> rules = s.rules(name, Collectors.mapping(Rule::body, Collectors.toList()));
        own.put(name, new OwnChain(chain.isPresent(), chain.flatMap(Chain::base), rules));
      }
      interest
          .shared()
          .forEach((name, target) -> shared.put(name, s.rules(name, way(base(name), target))));
    });
    Map<String, Long> legacy = new HashMap<>();
    List<String> loaded = interest.legacy().isEmpty() ? List.of() : legacyTables(interest.family());
    for (String table : interest.legacy()) {
      if (loaded.contains(table)) {
        OptionalLong fingerprint = LegacyTables.fingerprint(interest.family(), table, CHEAP_TABLE);
        if (fingerprint.isEmpty()) {
          return Optional.empty();
        }
        legacy.put(table, fingerprint.getAsLong());
      }
    }
    return Optional.of(new Sight(own, shared, legacy));
  }

  /** Keeps what leads to one chain, whatever else is in the built-in one. */
  private static Collector<Rule, ?, Way> way(Optional<BaseChain> base, String target) {
    final class Seen {
      private final List<RuleBody> jumps = new ArrayList<>();
      private boolean barred;

      void rule(Rule rule) {
        if (jumpsTo(rule.body(), target)) {
          jumps.add(rule.body());
        } else if (jumps.isEmpty()) {
          barred |= rule.body().stopsEverything();
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

  /** Removes our chains of iptables' nft variant, with the jumps to them: without the program. */
  void removeIptables(Family family, Names names, List<Part> parts) {
    List<Removal> removals = new ArrayList<>();
    for (Part part : parts) {
      ChainName own = own(family, part, names);
      ChainName builtin = new ChainName(own.table(), part.builtin());
      socket.orElseThrow().rules(builtin, Collectors.toList()).stream()
          .filter(rule -> jumpsTo(rule.body(), own.name()))
          .forEach(rule -> removals.add(new Removal.OfRule(builtin, rule.handle())));
      removals.add(new Removal.OfRules(own));
      removals.add(new Removal.OfChain(own));
    }
    remove(removals);
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
