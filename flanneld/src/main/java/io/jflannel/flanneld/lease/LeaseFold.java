// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Judges the leases of the others: a lease is untrusted input ({@code architecture.md}). A function
 * of the keys and of what was accepted before; each family of a lease is judged on its own, so that
 * a bad half does not take the good one along.
 *
 * <p>Who comes first keeps a subnet or a MAC: our own lease, then leases accepted before that did
 * not change, then accepted ones that changed, then the older ones, then key order.
 */
public final class LeaseFold {

  /**
   * What is judged by.
   *
   * @param own what this node publishes; its backend type is the only one served, and an empty one
   *     (udp, alloc) lets all pass; families in which it publishes no address are not served
   * @param ownKey the own lease's key; empty while there is none
   * @param ownSubnets the own lease's subnets; empty while there is none
   */
  public record Rules(
      NetworkConfig config,
      LeaseAttributes own,
      Optional<String> ownKey,
      Optional<Subnets> ownSubnets) {

    boolean serves(Family family) {
      return config.enabled(family) && own.publicIp(family).isPresent();
    }

    /** The family whose public address says which node a lease belongs to (ODD-13). */
    public Family identity() {
      return config.enabled(Family.V4) ? Family.V4 : Family.V6;
    }
  }

  /**
   * The judgement.
   *
   * @param accepted leases by key; goes into the next fold
   * @param peers the same leases in key order
   * @param refused keys not served, or only in part, in key order
   * @param kept subnets of which the key's value cannot be read
   */
  public record Folded(
      Map<String, Lease> accepted, List<Lease> peers, List<Refusal> refused, Set<Cidr> kept) {
    /** Before the first fold. */
    public static final Folded NONE = new Folded(Map.of(), List.of(), List.of(), Set.of());
  }

  private record Ranked(Candidate.Parsed lease, int rank) {}

  private static final Comparator<Ranked> PRECEDENCE =
      Comparator.comparingInt(Ranked::rank)
          .thenComparingLong(ranked -> ranked.lease().createRevision())
          .thenComparing(ranked -> ranked.lease().name());

  private final Rules rules;
  private final Map<String, Lease> before;
  private final FamilyClaims v4;
  private final FamilyClaims v6;
  private final Map<String, Lease> accepted = new HashMap<>();
  private final Map<String, String> refused = new TreeMap<>();
  private final Set<Cidr> kept = new LinkedHashSet<>();

  private LeaseFold(Rules rules, Map<String, Lease> before) {
    this.rules = rules;
    this.before = before;
    this.v4 = new FamilyClaims(rules, Family.V4);
    this.v6 = new FamilyClaims(rules, Family.V6);
  }

  /**
   * Folds all keys of the store.
   *
   * @param candidates in key order
   * @param before what the fold before accepted
   */
  public static Folded fold(
      Collection<Candidate> candidates, Rules rules, Map<String, Lease> before) {
    LeaseFold fold = new LeaseFold(rules, before);
    List<Ranked> ranked = new ArrayList<>(candidates.size());
    for (Candidate candidate : candidates) {
      fold.rank(candidate).ifPresent(ranked::add);
    }
    ranked.sort(PRECEDENCE);
    ranked.forEach(fold::judge);
    List<Refusal> refusals = new ArrayList<>(fold.refused.size());
    fold.refused.forEach((key, reason) -> refusals.add(new Refusal(key, reason)));
    return new Folded(fold.accepted, fold.peers(candidates), List.copyOf(refusals), fold.kept);
  }

  private List<Lease> peers(Collection<Candidate> inKeyOrder) {
    List<Lease> peers = new ArrayList<>(accepted.size());
    for (Candidate candidate : inKeyOrder) {
      Lease lease = accepted.get(candidate.name());
      if (lease != null) {
        peers.add(lease);
      }
    }
    return List.copyOf(peers);
  }

  private Optional<Ranked> rank(Candidate candidate) {
    if (rules.ownKey().filter(candidate.name()::equals).isPresent()) {
      return Optional.empty();
    }
    return switch (candidate) {
      case Candidate.Stray stray -> {
        refused.put(stray.name(), stray.reason());
        yield Optional.empty();
      }
      case Candidate.Unreadable unreadable -> keep(unreadable).map(this::ranked);
      case Candidate.Parsed lease -> Optional.of(ranked(lease));
    };
  }

  private Ranked ranked(Candidate.Parsed lease) {
    return new Ranked(lease, rankOf(lease));
  }

  private int rankOf(Candidate.Parsed lease) {
    Lease accepted = before.get(lease.name());
    if (accepted == null) {
      return 2;
    }
    return accepted.attributes().equals(lease.attributes()) ? 0 : 1;
  }

  /** An unreadable value keeps the last accepted lease, and what the kernel has for it. */
  private Optional<Candidate.Parsed> keep(Candidate.Unreadable unreadable) {
    refused.put(unreadable.name(), unreadable.reason());
    unreadable.lost(Family.V4).flatMap(v4::ifInside).ifPresent(kept::add);
    unreadable.lost(Family.V6).flatMap(v6::ifInside).ifPresent(kept::add);
    return unreadable.completed(Optional.ofNullable(before.get(unreadable.name())));
  }

  private void judge(Ranked ranked) {
    Candidate.Parsed lease = ranked.lease();
    if (isOwnNode(lease.attributes())) {
      return; // our old lease: it expires by itself
    }
    List<String> reasons = new ArrayList<>();
    Optional<Cidr> subnetV4 = Optional.empty();
    Optional<Cidr> subnetV6 = Optional.empty();
    if (isForeignType(lease.attributes())) {
      reasons.add(
          "backend type \"%s\", ours is \"%s\""
              .formatted(lease.attributes().backendType(), rules.own().backendType()));
    } else {
      subnetV4 = v4.claim(lease, reasons);
      subnetV6 = v6.claim(lease, reasons);
    }
    if (subnetV4.isPresent() || subnetV6.isPresent()) {
      accepted.put(lease.name(), new Lease(new Subnets(subnetV4, subnetV6), lease.attributes()));
    } else if (reasons.isEmpty()) {
      reasons.add("no subnet of a family that this network serves");
    }
    if (!reasons.isEmpty()) {
      refused.merge(lease.name(), String.join("; ", reasons), (one, more) -> one + "; " + more);
    }
  }

  private boolean isOwnNode(LeaseAttributes attributes) {
    return isOwnAddress(attributes, rules);
  }

  private static boolean isOwnAddress(LeaseAttributes attributes, Rules rules) {
    Optional<Ip> own = rules.own().publicIp(rules.identity());
    return own.isPresent() && own.equals(attributes.publicIp(rules.identity()));
  }

  /** Whether another key than ours carries our public address. */
  public static boolean isTwin(Candidate candidate, Rules rules) {
    Optional<Candidate.Parsed> readable =
        switch (candidate) {
          case Candidate.Parsed lease -> Optional.of(lease);
          case Candidate.Unreadable unreadable -> unreadable.rest();
          case Candidate.Stray _ -> Optional.empty();
        };
    return rules.ownKey().filter(candidate.name()::equals).isEmpty()
        && readable.filter(lease -> isOwnAddress(lease.attributes(), rules)).isPresent();
  }

  private boolean isForeignType(LeaseAttributes attributes) {
    String own = rules.own().backendType();
    return !own.isEmpty() && !own.equals(attributes.backendType());
  }
}
