// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Allocator;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Snapshot.Known;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Decides which key this node takes (spec 6.5, ETC-10). Pure.
 *
 * <p>A key is ours if it carries our address. At start also if it is that of the former run's
 * subnet and carries the MAC of our own device: then only our address has changed meanwhile, and a
 * second key with this MAC would be refused by the peers. Not later: two clones of one node would
 * take the key from each other for ever.
 */
final class Acquisition {

  /** What to do. */
  sealed interface Choice {
    /**
     * Overwrite a key that is ours already.
     *
     * @param replaced other keys of ours: to be deleted afterwards
     */
    record Reuse(Entry entry, Subnets subnets, List<Entry> replaced) implements Choice {}

    /**
     * Create a key.
     *
     * @param replaced our keys that the configuration does not allow any more: to be deleted once
     *     the new one is there (ODD-46)
     */
    record Create(Subnets subnets, List<Entry> replaced) implements Choice {}

    /** There is nothing to take. */
    record None(String reason) implements Choice {}
  }

  /**
   * Who this node is.
   *
   * @param attributes what it wants to publish
   * @param previous subnets of a former run, or of a key that was created but for the answer
   * @param running subnets in use right now: first choice, if they are free or ours
   */
  record Self(LeaseAttributes attributes, Wish previous, Optional<Subnets> running) {}

  private record Mine(Entry entry, Subnets subnets) {}

  private final NetworkConfig config;
  private final Collection<Known> keys;
  private final Self self;

  private Acquisition(NetworkConfig config, Collection<Known> keys, Self self) {
    this.config = config;
    this.keys = keys;
    this.self = self;
  }

  /** Decides. */
  static Choice choose(
      NetworkConfig config, Collection<Known> keys, Self self, RandomGenerator random) {
    return new Acquisition(config, keys, self).choose(random);
  }

  /** The family whose public address names the node (ODD-13). */
  static Family identity(NetworkConfig config) {
    return config.enabled(Family.V4) ? Family.V4 : Family.V6;
  }

  private Choice choose(RandomGenerator random) {
    Optional<Choice> kept = self.running().flatMap(this::keep);
    if (kept.isPresent()) {
      return kept.get();
    }
    List<Mine> moved = self.running().isEmpty() ? mine(this::hasOurMac) : List.of();
    List<Mine> mine = new ArrayList<>(mine(this::hasOurAddress));
    mine.addAll(moved);
    Optional<Mine> fitting = mine.stream().filter(this::fits).findFirst();
    if (self.running().isEmpty() && fitting.isPresent()) {
      return moved.stream()
          .filter(lease -> lease.entry().reservation() && fits(lease))
          .findFirst()
          .map(reserved -> reuse(reserved, mine))
          .orElseGet(() -> reuse(fitting.get(), moved));
    }
    List<Mine> unfit = mine.stream().filter(lease -> !fits(lease)).toList();
    return switch (Allocator.allocate(config, taken(unfit), wish(mine), random)) {
      case Allocator.Result.Exhausted exhausted -> new Choice.None(exhausted.text());
      case Allocator.Result.Found found ->
          self.running().filter(running -> !running.equals(found.subnets())).isPresent()
                  && fitting.isPresent()
              ? reuse(fitting.get(), List.of())
              : new Choice.Create(found.subnets(), removable(unfit));
    };
  }

  private boolean fits(Mine lease) {
    return Allocator.fits(config, lease.subnets());
  }

  /** The key of the running subnets, if it is there and nobody else's. */
  private Optional<Choice> keep(Subnets running) {
    String name = SubnetKey.print(running);
    for (Known key : keys) {
      if (key.entry().name().equals(name)) {
        return switch (key.candidate()) {
          case Candidate.Parsed lease when hasOurAddress(lease) ->
              Optional.of(new Choice.Reuse(key.entry(), running, List.of()));
          case Candidate.Parsed _ -> Optional.empty();
          case Candidate.Unreadable _, Candidate.Stray _ ->
              Optional.of(new Choice.Reuse(key.entry(), running, List.of()));
        };
      }
    }
    return Optional.empty();
  }

  /**
   * Of those that only our MAC tells to be ours none may stay beside: peers would refuse one. A
   * reservation among them cannot go, so it is taken and the others go.
   */
  private static Choice reuse(Mine chosen, List<Mine> others) {
    return new Choice.Reuse(
        chosen.entry(),
        chosen.subnets(),
        removable(others.stream().filter(lease -> !lease.equals(chosen)).toList()));
  }

  /** A reservation is the operator's and stays. */
  private static List<Entry> removable(List<Mine> leases) {
    return leases.stream().map(Mine::entry).filter(entry -> !entry.reservation()).toList();
  }

  /** In key order, as upstream finds them. */
  private List<Mine> mine(Predicate<Candidate.Parsed> ours) {
    List<Mine> mine = new ArrayList<>();
    for (Known key : keys) {
      if (key.candidate() instanceof Candidate.Parsed lease && ours.test(lease)) {
        mine.add(new Mine(key.entry(), lease.subnets()));
      }
    }
    return mine;
  }

  private boolean hasOurAddress(Candidate.Parsed lease) {
    Family identity = identity(config);
    Optional<Ip> address = self.attributes().publicIp(identity);
    return address.isPresent() && address.equals(lease.attributes().publicIp(identity));
  }

  /** Whether it is the former run's, with another address but our device's MAC in a family. */
  private boolean hasOurMac(Candidate.Parsed lease) {
    return !hasOurAddress(lease)
        && Arrays.stream(Family.values())
            .anyMatch(family ->
                self.previous().of(family).isPresent()
                    && self.previous().of(family).equals(lease.subnets().of(family))
                    && VtepMac.of(self.attributes(), family) instanceof VtepMac.Known ours
                    && ours.equals(lease.vtep(family)));
  }

  private Wish wish(List<Mine> mine) {
    return self.running()
        .map(running -> new Wish(running.v4(), running.v6()))
        .orElseGet(() -> new Wish(wish(mine, Family.V4), wish(mine, Family.V6)));
  }

  /** What an own lease has and may keep, else the former run's (ODD-56). */
  private Optional<Cidr> wish(List<Mine> mine, Family family) {
    return config
        .range(family)
        .flatMap(range ->
            mine.stream()
                .flatMap(lease -> lease.subnets().of(family).stream())
                .filter(subnet -> Allocator.fits(range, subnet))
                .findFirst())
        .or(() -> self.previous().of(family));
  }

  private List<Subnets> taken(List<Mine> replaced) {
    List<String> names = replaced.stream().map(lease -> lease.entry().name()).toList();
    List<Subnets> taken = new ArrayList<>(keys.size());
    for (Known key : keys) {
      if (!names.contains(key.entry().name())) {
        key.candidate().blocks().ifPresent(taken::add);
      }
    }
    return taken;
  }
}
