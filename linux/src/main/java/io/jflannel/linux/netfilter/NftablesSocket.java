// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.netlink.Attributes;
import io.jflannel.linux.netlink.Conversation;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.NetlinkSocket;
import io.jflannel.net.Family;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collector;
import java.util.stream.Collectors;

/**
 * Reads and removes rules of nf_tables in one network namespace: that of the thread which opens it.
 * Both need CAP_NET_ADMIN there.
 *
 * <p><b>Not thread-safe:</b> one thread owns a socket, a platform thread, as the calls block in
 * native code.
 *
 * <p>Every method may throw {@link RepliesLostException} (what was asked for may have happened:
 * read again), {@link MalformedMessageException} and {@link LinuxException}; lists also {@link
 * DumpInterruptedException}, if the rules changed during each of ten attempts. The socket stays
 * usable after each of them.
 */
public final class NftablesSocket implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int RECEIVE_BUFFER = 1 << 20;

  /** How often a table is looked at anew because others change rules meanwhile. */
  private static final int ATTEMPTS = 10;

  private final Conversation kernel;
  private final Transactions transactions;

  private NftablesSocket(Conversation kernel) {
    this.kernel = kernel;
    transactions = new Transactions(kernel);
  }

  /**
   * In the calling thread's namespace.
   *
   * @throws LinuxException EOPNOTSUPP if the kernel has no nf_tables; EPERM without CAP_NET_ADMIN
   */
  public static NftablesSocket open() {
    try {
      return opened();
    } catch (LinuxException e) {
      // what netlink says about a protocol, and nfnetlink about a part, that the kernel lacks
      if (e.is(Errno.EPROTONOSUPPORT) || e.is(Errno.EINVAL)) {
        throw new LinuxException(
            "open nf_tables", Errno.EOPNOTSUPP.number(), "the kernel has no nf_tables");
      }
      throw e;
    }
  }

  private static NftablesSocket opened() {
    NftablesSocket socket =
        new NftablesSocket(
            new Conversation(
                NetlinkSocket.open(NetlinkSocket.NETFILTER, RECEIVE_BUFFER, PATIENCE)));
    try {
      socket.generation();
      return socket;
    } catch (LinuxException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Counts the transactions of the namespace, of all families; any 32 bits but 0. While it stays,
   * no table, chain or rule has changed. Costs one message.
   */
  public int generation() {
    return answer(
            "generation",
            kernel
                .query(List.of(""), Nft::getGeneration, NftablesSocket::decodeGeneration)
                .getFirst())
        .orElseThrow(() -> new MalformedMessageException("no generation"));
  }

  private static void decodeGeneration(MessageReader in, Consumer<Integer> sink) {
    if (in.type() != Nft.NEWGEN) {
      return;
    }
    Attributes attributes = in.attributes(Nft.HEADER);
    while (attributes.next()) {
      if (attributes.type() == Nft.GEN_ID) {
        sink.accept(attributes.big32());
      }
    }
  }

  private static <T> Optional<T> answer(String operation, Conversation.Answer<T> answer) {
    if (answer.errno() != 0) {
      throw new LinuxException(operation, answer.errno(), answer.message());
    }
    return answer.value();
  }

  public List<TableName> tables(Family family) {
    return kernel.dump(
        "list tables",
        family,
        TableMessages::list,
        (in, sink) -> TableMessages.decode(family, in, sink));
  }

  /** One table, asked for by name. */
  public Optional<TableState> table(TableName name) {
    return Optional.ofNullable(tables(List.of(name)).get(name));
  }

  /** Those of these tables that exist, asked for by name, all at once. */
  public Map<TableName, TableState> tables(Collection<TableName> names) {
    return present("table ", names, TableMessages::get, TableMessages::decodeState);
  }

  /**
   * The chains of one table; none if it does not exist. The kernel goes through the chains of the
   * whole family.
   */
  public List<Chain> chains(TableName table) {
    byte[] name = ChainMessages.utf8(table.name());
    return kernel.dump(
        "list chains of " + table,
        table.family(),
        ChainMessages::list,
        (in, sink) -> {
          if (ChainMessages.isOf(table, name, in)) {
            ChainMessages.decode(table.family(), in, sink);
          }
        });
  }

  /** One chain, asked for by name. */
  public Optional<Chain> chain(ChainName name) {
    return Optional.ofNullable(chains(List.of(name)).get(name));
  }

  /** Those of these chains that exist, asked for by name, all at once. */
  public Map<ChainName, Chain> chains(Collection<ChainName> names) {
    return present("chain ", names, ChainMessages::get, ChainMessages::decode);
  }

  private <R, T> Map<R, T> present(
      String what,
      Collection<R> names,
      Conversation.Encoder<R> encoder,
      Conversation.Decoder<T> decoder) {
    List<R> asked = List.copyOf(names);
    List<Conversation.Answer<T>> answers = kernel.query(asked, encoder, decoder);
    Map<R, T> present = new HashMap<>();
    for (int i = 0; i < asked.size(); i++) {
      if (!Errno.ENOENT.is(answers.get(i).errno())) {
        R name = asked.get(i);
        answer(what + name, answers.get(i)).ifPresent(value -> present.put(name, value));
      }
    }
    return present;
  }

  /**
   * The rules of one chain, in order, as they were at one moment; none if it does not exist. Holds
   * one rule at a time besides what the collector keeps. Costs as much as the chain has rules,
   * however many others there are.
   *
   * @param collector starts a new container when the rules changed during the reading
   */
  public <C> C rules(ChainName chain, Collector<? super Rule, ?, C> collector) {
    return kernel.dump(
        "list rules of " + chain,
        chain,
        RuleMessages::list,
        (MessageReader in, Consumer<Rule> sink) -> RuleMessages.decode(chain, in, sink),
        collector);
  }

  /** The same rules, as a digest; no object is made of any. */
  public RuleDigest digest(ChainName chain) {
    return kernel.dump(
        "list rules of " + chain,
        chain,
        RuleMessages::list,
        RuleMessages::pass,
        RuleDigest.collector());
  }

  /**
   * Whether a table does nothing: there is nothing in it but base chains of these names, without
   * rules, that let every packet pass. False if there is no such table.
   */
  public boolean isIdle(TableName table, Set<String> names) {
    Optional<TableState> state = table(table);
    if (state.isEmpty()) {
      return false;
    }
    List<Chain> chains = chains(table);
    return state.get().use() == chains.size()
        && chains.stream().allMatch(chain -> names.contains(chain.name().name()) && idle(chain));
  }

  private boolean idle(Chain chain) {
    return chain.base().filter(base -> base.policy() == BaseChain.Policy.ACCEPT).isPresent()
        && rules(chain.name(), Collectors.counting()) == 0;
  }

  /**
   * Removes a table if it {@link #isIdle}. The kernel refuses if anybody has changed any table
   * since it was looked at (linux/netfilter/nfnetlink.h, NFNL_BATCH_GENID; 4.16), then it is looked
   * at again.
   *
   * @return whether it was removed
   * @throws LinuxException ERESTART if the tables are changed without a pause
   */
  public boolean removeIfIdle(TableName table, Set<String> names) {
    for (int attempt = 1; ; attempt++) {
      int generation = generation();
      if (!isIdle(table, names)) {
        return false;
      }
      try {
        removeIn(generation, List.of(new Removal.OfTable(table)));
        return true;
      } catch (LinuxException e) {
        if (!e.is(Errno.ERESTART) || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /**
   * Removes in order, in one transaction: all or nothing. An empty list does nothing.
   *
   * @throws LinuxException names the first that was refused, the others are suppressed ones
   * @throws IllegalArgumentException if the list does not fit into one message of 64 KiB; 100
   *     always do
   */
  public void remove(List<? extends Removal> removals) {
    transactions.remove(OptionalInt.empty(), removals);
  }

  /**
   * The same, but only in that {@link #generation}.
   *
   * @throws LinuxException ERESTART if it is over
   */
  void removeIn(int generation, List<? extends Removal> removals) {
    transactions.remove(OptionalInt.of(generation), removals);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
