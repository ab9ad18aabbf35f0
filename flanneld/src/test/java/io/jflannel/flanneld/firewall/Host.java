// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.firewall.Sight.OwnChain;
import io.jflannel.flanneld.traffic.Names;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.flanneld.traffic.Rule;
import io.jflannel.linux.netfilter.ChainName;
import io.jflannel.linux.netfilter.RuleDigest;
import io.jflannel.linux.netfilter.TableName;
import io.jflannel.net.Family;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A host whose programs write into a kernel in memory, and where others write too. */
final class Host implements Eye, Engine {

  private final boolean legacy;
  private int generation = 7;
  private Map<Part, List<Rule>> kernel = Map.of();
  private String foreign = "";

  /** How often the same was added. */
  private int pile;

  boolean programHides;
  boolean programWritesElsewhere;
  boolean blind;
  Runnable whileLooking = () -> {};
  Runnable afterWrite = () -> {};

  /** If it is set, of every look. */
  Optional<Outcome> answer = Optional.empty();

  int looks;
  int writes;

  /**
   * @param legacy else a table of nftables is written in one transaction
   */
  Host(boolean legacy) {
    this.legacy = legacy;
  }

  void remove() {
    kernel = Map.of();
    commit();
  }

  void insert(String rule) {
    foreign += rule;
    commit();
  }

  void changeElsewhere() {
    commit();
  }

  private void commit() {
    generation += legacy ? 0 : 1;
  }

  @Override
  public int generation() {
    return generation;
  }

  @Override
  public Optional<Sight> sight(Interest interest) {
    if (blind) {
      return Optional.empty();
    }
    Map<ChainName, OwnChain> own = new HashMap<>();
    for (ChainName chain : interest.own()) {
      own.put(
          chain,
          new OwnChain(
              !kernel.isEmpty(),
              Optional.empty(),
              new RuleDigest(kernel.size(), (kernel + foreign + pile).hashCode())));
    }
    Map<String, Long> numbers =
        legacy ? Map.of("nat", (long) (kernel + foreign + pile).hashCode()) : Map.of();
    return Optional.of(new Sight(Map.of(), own, Map.of(), Map.of(), numbers));
  }

  @Override
  public void prepare(Family family) {}

  @Override
  public String description() {
    return "a host in memory";
  }

  @Override
  public Outcome converge(Family family, Map<Part, List<Rule>> wanted, Doing doing) {
    looks++;
    if (answer.isPresent()) {
      return answer.get();
    }
    Runnable before = whileLooking;
    whileLooking = () -> {};
    before.run();
    if (!programHides && kernel.equals(wanted) && foreign.isEmpty()) {
      return Outcome.NOTHING;
    }
    if (doing == Doing.WRITE) {
      writes++;
      write(wanted);
      afterWrite.run();
      afterWrite = () -> {};
    }
    return new Outcome(List.of(Part.values()), legacy ? 0 : 1, Map.of(), List.of());
  }

  private void write(Map<Part, List<Rule>> wanted) {
    if (!programWritesElsewhere) {
      pile += programHides ? 1 : 0;
      kernel = wanted;
      foreign = "";
      commit();
    }
  }

  @Override
  public boolean mayHold(Family family) {
    return true;
  }

  @Override
  public Optional<ChainName> chain(Family family, Part part) {
    return legacy
        ? Optional.empty()
        : Optional.of(new ChainName(new TableName(family, "flannel-ipv4"), part.nftChain()));
  }

  @Override
  public Interest interest(Family family) {
    return legacy ? Interest.ofLegacy(family) : Interest.ofNftables(family, Names.UPSTREAM);
  }
}
