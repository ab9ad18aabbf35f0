// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.netfilter.BaseChain;
import io.jflannel.linux.netfilter.Chain;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.LegacyTables;
import io.jflannel.linux.netfilter.NftablesSocket;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.linux.netfilter.TableState;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the kernel itself tells about firewall rules, without starting a program. Belongs to the
 * thread that opens it. A kernel without nf_tables has no such tables.
 */
final class LoadedTables implements Eye, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LoadedTables.class.getName());

  /** Of the calling thread's network namespace. */
  private static final Path PROC = Path.of("/proc/thread-self/net");

  /** Some thousand rules: the kernel copies a legacy table as a whole. */
  static final int CHEAP = 1 << 20;

  private final Optional<NftablesSocket> socket;
  private final LegacyTables legacy = new LegacyTables();
  private final Sights sights;

  private LoadedTables(Optional<NftablesSocket> socket) {
    this.socket = socket;
    sights = new Sights(socket, legacy);
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

  /** Whether that has our chain of the part; empty if it cannot be seen, or not cheaply. */
  Optional<Boolean> hasLegacyChain(Family family, Part part, Names names) {
    try {
      return legacy.hasChain(family, part.table(), names.chain(part), CHEAP);
    } catch (LinuxException e) {
      return Optional.empty();
    }
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
    return sights.of(interest);
  }

  /** Empty if the kernel has no nf_tables. */
  Optional<Removals> removals() {
    return socket.map(Removals::new);
  }

  @Override
  public void close() {
    socket.ifPresent(NftablesSocket::close);
  }
}
