// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Allocator;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Snapshot.Known;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Decides which key this node takes (spec 6.5, ETC-10). Pure. */
final class Acquisition {

  /** What to do. */
  sealed interface Choice {
    /**
     * Overwrite a key that is ours already.
     *
     * @param published what it says now; empty if that is unreadable
     */
    record Reuse(Entry entry, Subnets subnets, Optional<LeaseAttributes> published)
        implements Choice {}

    /**
     * Create a key.
     *
     * @param replaced our keys that the configuration does not allow any more: to be deleted once
     *     the new one is there (ODD-46)
     * @param published by one of those
     */
    record Create(Subnets subnets, List<Entry> replaced, Optional<LeaseAttributes> published)
        implements Choice {}

    /** There is nothing to take. */
    record None(String reason) implements Choice {}
  }

  private record Mine(Entry entry, Subnets subnets, LeaseAttributes attributes) {}

  private Acquisition() {}

  /**
   * Decides.
   *
   * @param node the public address by which a lease is known to be this node's; none: reuse is
   *     impossible
   * @param previous subnets of a former run
   * @param running subnets in use right now: first choice, if they are free or ours
   */
  static Choice choose(
      NetworkConfig config,
      Collection<Known> keys,
      Optional<Ip> node,
      Wish previous,
      Optional<Subnets> running,
      RandomGenerator random) {
    Optional<Choice> kept = running.flatMap(subnets -> keep(keys, node, subnets));
    if (kept.isPresent()) {
      return kept.get();
    }
    List<Mine> mine = mine(keys, node);
    Optional<Mine> fitting =
        mine.stream().filter(lease -> Allocator.fits(config, lease.subnets())).findFirst();
    Wish wish =
        running
            .map(subnets -> new Wish(subnets.v4(), subnets.v6()))
            .orElseGet(() -> wish(config, mine, previous));
    if (running.isEmpty() && fitting.isPresent()) {
      return reuse(fitting.get());
    }
    List<Mine> unfit =
        mine.stream().filter(lease -> !Allocator.fits(config, lease.subnets())).toList();
    return switch (Allocator.allocate(config, taken(keys, unfit), wish, random)) {
      case Allocator.Result.Exhausted exhausted -> new Choice.None(exhausted.text());
      case Allocator.Result.Found found ->
          running.isPresent() && !running.get().equals(found.subnets()) && fitting.isPresent()
              ? reuse(fitting.get())
              : create(found.subnets(), unfit);
    };
  }

  /** The key of the running subnets, if it is there and nobody else's. */
  private static Optional<Choice> keep(Collection<Known> keys, Optional<Ip> node, Subnets running) {
    String name = SubnetKey.print(running);
    for (Known key : keys) {
      if (key.entry().name().equals(name)) {
        return switch (key.candidate()) {
          case Candidate.Parsed lease when isOf(lease.attributes(), node) ->
              Optional.of(new Choice.Reuse(key.entry(), running, Optional.of(lease.attributes())));
          case Candidate.Parsed _ -> Optional.empty();
          case Candidate.Unreadable _, Candidate.Stray _ ->
              Optional.of(new Choice.Reuse(key.entry(), running, Optional.empty()));
        };
      }
    }
    return Optional.empty();
  }

  private static Choice reuse(Mine mine) {
    return new Choice.Reuse(mine.entry(), mine.subnets(), Optional.of(mine.attributes()));
  }

  /** A reservation that does not fit is the operator's and stays. */
  private static Choice create(Subnets subnets, List<Mine> unfit) {
    return new Choice.Create(
        subnets,
        unfit.stream().map(Mine::entry).filter(entry -> !entry.reservation()).toList(),
        unfit.stream().map(Mine::attributes).findFirst());
  }

  /** In key order, as upstream finds them. */
  private static List<Mine> mine(Collection<Known> keys, Optional<Ip> node) {
    List<Mine> mine = new ArrayList<>();
    for (Known key : keys) {
      if (key.candidate() instanceof Candidate.Parsed lease && isOf(lease.attributes(), node)) {
        mine.add(new Mine(key.entry(), lease.subnets(), lease.attributes()));
      }
    }
    return mine;
  }

  static boolean isOf(LeaseAttributes attributes, Optional<Ip> node) {
    return node.isPresent() && node.equals(attributes.publicIp(node.get().family()));
  }

  /** Per family: what an own lease has and may keep, else the former run's (ODD-56). */
  private static Wish wish(NetworkConfig config, List<Mine> mine, Wish previous) {
    return new Wish(
        wish(config, mine, Family.V4).or(previous::v4),
        wish(config, mine, Family.V6).or(previous::v6));
  }

  private static Optional<Cidr> wish(NetworkConfig config, List<Mine> mine, Family family) {
    return config
        .range(family)
        .flatMap(range ->
            mine.stream()
                .flatMap(lease -> lease.subnets().of(family).stream())
                .filter(subnet -> Allocator.fits(range, subnet))
                .findFirst());
  }

  private static List<Subnets> taken(Collection<Known> keys, List<Mine> replaced) {
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
