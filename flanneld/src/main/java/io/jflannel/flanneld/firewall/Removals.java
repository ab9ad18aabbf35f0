// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Claim;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.NftablesSocket;
import io.jflannel.linux.netfilter.Removal;
import io.jflannel.linux.netfilter.Rule;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.Verdict;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Removes rules of nf_tables without a program, if they are surely ours. */
final class Removals {

  /** So many removals fit into one transaction. */
  private static final int AT_ONCE = 100;

  /** The chains that iptables makes by itself. */
  private static final Set<String> BUILT_IN =
      Set.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

  private final NftablesSocket socket;

  Removals(NftablesSocket socket) {
    this.socket = socket;
  }

  /** Removes our table of nftables if it is there. */
  void nftables(Family family, Names names) {
    TableName table = new TableName(family, names.nftTable(family));
    if (socket.table(table).isPresent()) {
      remove(List.of(new Removal.OfTable(table)));
    }
  }

  /** The parts of which iptables' nft variant has our chain. */
  List<Part> inIptables(Family family, Names names) {
    return Stream.of(Part.values())
        .filter(part -> socket.chain(own(family, part, names)).isPresent())
        .toList();
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
    return socket.rules(chain, Collectors.toList()).stream()
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
  Optional<String> iptables(Family family, Names names, Part part) {
    ChainName own = own(family, part, names);
    ChainName builtin = new ChainName(own.table(), part.builtin());
    List<Removal> jumps =
        socket.rules(builtin, Collectors.toList()).stream()
            .filter(rule -> Sights.jumpsTo(rule.body(), own.name()))
            .<Removal>map(rule -> new Removal.OfRule(builtin, rule.handle()))
            .toList();
    for (int from = 0; from < jumps.size(); from += AT_ONCE) {
      remove(jumps.subList(from, Math.min(jumps.size(), from + AT_ONCE)));
    }
    remove(List.of(new Removal.OfRules(own)));
    try {
      socket.remove(List.of(new Removal.OfChain(own)));
      return Optional.empty();
    } catch (LinuxException e) {
      return Optional.of("chain %s stays, without rules: %s".formatted(own, e.getMessage()));
    }
  }

  /** Removes a table of iptables' nft variant if it has nothing but built-in chains as made. */
  void ifIdle(Family family, Part part) {
    socket.removeIfIdle(new TableName(family, part.table()), BUILT_IN);
  }

  private void remove(List<Removal> removals) {
    try {
      socket.remove(removals);
    } catch (LinuxException e) {
      throw new FirewallException("the kernel does not remove " + removals + ": " + e.getMessage());
    }
  }
}
