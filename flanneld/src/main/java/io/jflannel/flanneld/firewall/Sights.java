// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.firewall.Sight.Way;
import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.netfilter.BaseChain;
import io.jflannel.linux.netfilter.Chain;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.LegacyTables;
import io.jflannel.linux.netfilter.NftablesSocket;
import io.jflannel.linux.netfilter.Rule;
import io.jflannel.linux.netfilter.RuleBody;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collector;

/** Takes {@link Sight}s. Belongs to one thread. */
final class Sights {

  private final Optional<NftablesSocket> socket;
  private final LegacyTables legacy;

  /**
   * @param socket empty if the kernel has no nf_tables
   */
  Sights(Optional<NftablesSocket> socket, LegacyTables legacy) {
    this.socket = socket;
    this.legacy = legacy;
  }

  /** As {@link Eye#sight}. */
  Optional<Sight> of(Interest interest) {
    if (socket.isEmpty() && !interest.chains().isEmpty()) {
      return Optional.empty();
    }
    try {
      return fingerprints(interest)
          .map(numbers ->
              socket
                  .map(s -> of(s, interest, numbers))
                  .orElseGet(() -> new Sight(Map.of(), Map.of(), Map.of(), Map.of(), numbers)));
    } catch (DumpInterruptedException e) {
      return Optional.empty();
    }
  }

  private static Sight of(NftablesSocket socket, Interest interest, Map<String, Long> legacy) {
    Map<ChainName, Chain> chains = socket.chains(interest.chains());
    return new Sight(
        states(socket, interest),
        own(socket, interest, chains),
        ways(socket, interest, chains),
        policies(interest, chains),
        legacy);
  }

  private Optional<Map<String, Long>> fingerprints(Interest interest) {
    Map<String, Long> numbers = new HashMap<>();
    List<String> loaded =
        interest.legacy().isEmpty() ? List.of() : LoadedTables.legacyTables(interest.family());
    for (String table : interest.legacy()) {
      if (loaded.contains(table)) {
        OptionalLong number = legacy.fingerprint(interest.family(), table, LoadedTables.CHEAP);
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
    socket
        .tables(interest.tables())
        .forEach(
            (name, state) -> // to what is shared others may add what they like
            states.put(
                    name,
                    interest.ownTables().contains(name)
                        ? state
                        : new TableState(0, state.dormant(), state.owned())));
    return states;
  }

  private static Map<ChainName, OwnChain> own(
      NftablesSocket socket, Interest interest, Map<ChainName, Chain> chains) {
    Map<ChainName, OwnChain> own = new HashMap<>();
    for (ChainName name : interest.own()) {
      own.put(
          name, new OwnChain(chains.containsKey(name), base(chains, name), socket.digest(name)));
    }
    return own;
  }

  private static Map<ChainName, Way> ways(
      NftablesSocket socket, Interest interest, Map<ChainName, Chain> chains) {
    Map<ChainName, Way> ways = new HashMap<>();
    interest
        .shared()
        .forEach((name, leadsTo) ->
            ways.put(name, socket.rules(name, way(base(chains, name), leadsTo))));
    return ways;
  }

  private static Map<ChainName, BaseChain> policies(
      Interest interest, Map<ChainName, Chain> chains) {
    Map<ChainName, BaseChain> policies = new HashMap<>();
    for (ChainName name : interest.policies()) {
      base(chains, name).ifPresent(base -> policies.put(name, base));
    }
    return policies;
  }

  private static Optional<BaseChain> base(Map<ChainName, Chain> chains, ChainName name) {
    return Optional.ofNullable(chains.get(name)).flatMap(Chain::base);
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

  static boolean jumpsTo(RuleBody body, String chain) {
    return body.verdict().flatMap(verdict -> verdict.chain()).filter(chain::equals).isPresent();
  }
}
