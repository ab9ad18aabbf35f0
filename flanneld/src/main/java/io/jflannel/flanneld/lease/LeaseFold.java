// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
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

  /** IPv4's and IPv6's texts for what leases carry. */
  private static final String OUTSIDE = "%s is not inside %s %s";

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
    Family identity() {
      return config.enabled(Family.V4) ? Family.V4 : Family.V6;
    }
  }

  /**
   * The judgement.
   *
   * @param accepted leases by key, in key order; goes into the next fold
   * @param refused keys not served, or only in part, in key order
   * @param kept subnets whose key has an unreadable value
   */
  public record Folded(Map<String, Lease> accepted, List<Refusal> refused, Set<Cidr> kept) {
    /** Before the first fold. */
    public static final Folded NONE = new Folded(Map.of(), List.of(), Set.of());

    public List<Lease> peers() {
      return List.copyOf(accepted.values());
    }
  }

  private record Ranked(Candidate.Readable lease, int rank, boolean readable) {}

  private static final Comparator<Ranked> PRECEDENCE =
      Comparator.comparingInt(Ranked::rank)
          .thenComparingLong(ranked -> ranked.lease().createRevision())
          .thenComparing(ranked -> ranked.lease().name());

  private final Rules rules;
  private final Map<String, Lease> before;
  private final Map<Family, TreeMap<Ip, Claim>> claims = new EnumMap<>(Family.class);
  private final Map<Family, Map<MacAddress, Holder>> macs = new EnumMap<>(Family.class);
  private final Map<String, Lease> accepted = new TreeMap<>();
  private final Map<String, String> refused = new TreeMap<>();
  private final Set<Cidr> kept = new LinkedHashSet<>();

  private record Claim(Cidr subnet, String holder) {}

  private record Holder(Ip publicIp, String key) {}

  private LeaseFold(Rules rules, Map<String, Lease> before) {
    this.rules = rules;
    this.before = before;
    for (Family family : Family.values()) {
      claims.put(family, new TreeMap<>());
      macs.put(family, new HashMap<>());
    }
  }

  /**
   * Folds all keys of the store.
   *
   * @param before what the fold before accepted
   */
  public static Folded fold(
      Collection<Candidate> candidates, Rules rules, Map<String, Lease> before) {
    LeaseFold fold = new LeaseFold(rules, before);
    rules.ownSubnets().ifPresent(fold::claimOwn);
    List<Ranked> ranked = new ArrayList<>(candidates.size());
    for (Candidate candidate : candidates) {
      fold.rank(candidate).ifPresent(ranked::add);
    }
    ranked.sort(PRECEDENCE);
    ranked.forEach(fold::judge);
    List<Refusal> refusals = new ArrayList<>(fold.refused.size());
    fold.refused.forEach((key, reason) -> refusals.add(new Refusal(key, reason)));
    return new Folded(fold.accepted, refusals, fold.kept);
  }

  private void claimOwn(Subnets own) {
    for (Family family : Family.values()) {
      own.of(family)
          .ifPresent(subnet ->
              claims
                  .get(family)
                  .put(subnet.network().ip(), new Claim(subnet.network(), "our own subnet")));
    }
  }

  private Optional<Ranked> rank(Candidate candidate) {
    if (rules.ownKey().filter(candidate.name()::equals).isPresent()) {
      return Optional.empty();
    }
    return switch (candidate) {
      case Candidate.Stray stray -> {
        refused.put(stray.name(), "the key names no subnet");
        yield Optional.empty();
      }
      case Candidate.Unreadable unreadable -> keep(unreadable);
      case Candidate.Readable lease -> Optional.of(new Ranked(lease, rankOf(lease), true));
    };
  }

  private int rankOf(Candidate.Readable lease) {
    Lease accepted = before.get(lease.name());
    if (accepted == null) {
      return 2;
    }
    return accepted.attributes().equals(lease.attributes()) ? 0 : 1;
  }

  /** An unreadable value keeps the last accepted lease, and what the kernel has for it. */
  private Optional<Ranked> keep(Candidate.Unreadable unreadable) {
    refused.put(unreadable.name(), unreadable.reason());
    for (Family family : Family.values()) {
      unreadable
          .subnets()
          .of(family)
          .map(Cidr::network)
          .filter(subnet -> rules.config().range(family).isPresent())
          .filter(subnet -> isInside(subnet, family))
          .ifPresent(kept::add);
    }
    return Optional.ofNullable(before.get(unreadable.name()))
        .map(lease ->
            new Candidate.Readable(
                unreadable.name(),
                lease.subnets(),
                lease.attributes(),
                unreadable.createRevision()))
        .map(lease -> new Ranked(lease, 0, false));
  }

  private void judge(Ranked ranked) {
    Candidate.Readable lease = ranked.lease();
    if (isOwnNode(lease.attributes())) {
      return; // our old lease: it expires by itself
    }
    List<String> reasons = new ArrayList<>();
    Optional<Cidr> v4 = Optional.empty();
    Optional<Cidr> v6 = Optional.empty();
    if (isForeignType(lease.attributes())) {
      reasons.add(
          "backend type \"%s\", ours is \"%s\""
              .formatted(lease.attributes().backendType(), rules.own().backendType()));
    } else {
      v4 = part(lease, Family.V4, reasons);
      v6 = part(lease, Family.V6, reasons);
    }
    if (v4.isPresent() || v6.isPresent()) {
      accepted.put(lease.name(), new Lease(new Subnets(v4, v6), lease.attributes()));
    } else if (reasons.isEmpty()) {
      reasons.add("no subnet of a family that this network serves");
    }
    if (ranked.readable() && !reasons.isEmpty()) {
      refused.put(lease.name(), String.join("; ", reasons));
    }
  }

  private boolean isOwnNode(LeaseAttributes attributes) {
    Optional<Ip> own = rules.own().publicIp(rules.identity());
    return own.isPresent() && own.equals(attributes.publicIp(rules.identity()));
  }

  private boolean isForeignType(LeaseAttributes attributes) {
    String own = rules.own().backendType();
    return !own.isEmpty() && !own.equals(attributes.backendType());
  }

  /** The subnet of one family, claimed, or nothing and perhaps a reason. */
  private Optional<Cidr> part(Candidate.Readable lease, Family family, List<String> reasons) {
    Optional<Cidr> subnet = lease.subnets().of(family);
    if (subnet.isEmpty() || !rules.serves(family)) {
      return Optional.empty();
    }
    Optional<String> reason =
        badSubnet(subnet.get(), family)
            .or(() -> badAddress(lease.attributes(), family))
            .or(() -> overlap(subnet.get(), family))
            .or(() -> badMac(lease, family));
    if (reason.isPresent()) {
      reasons.add(reason.get());
      return Optional.empty();
    }
    claims.get(family).put(subnet.get().ip(), new Claim(subnet.get(), lease.name()));
    return subnet;
  }

  private boolean isInside(Cidr subnet, Family family) {
    return rules
        .config()
        .range(family)
        .filter(range -> range.network().contains(subnet))
        .filter(range -> range.network().length() < subnet.length())
        .isPresent();
  }

  private Optional<String> badSubnet(Cidr subnet, Family family) {
    if (!isInside(subnet, family)) {
      String name = family == Family.V4 ? "Network" : "IPv6Network";
      return rules
          .config()
          .range(family)
          .map(range -> OUTSIDE.formatted(subnet, name, range.network()));
    }
    return subnet.equals(subnet.network())
        ? Optional.empty()
        : Optional.of(subnet + " has host bits");
  }

  private Optional<String> badAddress(LeaseAttributes attributes, Family family) {
    String name = family == Family.V4 ? "PublicIP" : "PublicIPv6";
    Optional<Ip> ip = attributes.publicIp(family);
    if (ip.isEmpty()) {
      return Optional.of("no " + name);
    }
    Ip address = ip.get();
    if (address.isUnspecified()
        || address.isLoopback()
        || address.isMulticast()
        || address.isBroadcast()) {
      return Optional.of(name + " " + address + " is no node's address");
    }
    return ip.equals(rules.own().publicIp(family))
        ? Optional.of(name + " " + address + " is our own")
        : Optional.empty();
  }

  /** Accepted subnets do not overlap, so only the neighbours in address order can. */
  private Optional<String> overlap(Cidr subnet, Family family) {
    TreeMap<Ip, Claim> taken = claims.get(family);
    Map.Entry<Ip, Claim> below = taken.floorEntry(subnet.ip());
    Map.Entry<Ip, Claim> above = taken.ceilingEntry(subnet.ip());
    if (below != null && below.getValue().subnet().overlaps(subnet)) {
      return Optional.of(subnet + " overlaps " + below.getValue().holder());
    }
    return above != null && above.getValue().subnet().overlaps(subnet)
        ? Optional.of(subnet + " overlaps " + above.getValue().holder())
        : Optional.empty();
  }

  private Optional<String> badMac(Candidate.Readable lease, Family family) {
    if (!rules.own().backendType().equals(VtepMac.VXLAN)) {
      return Optional.empty();
    }
    return switch (lease.vtep(family)) {
      case VtepMac.Absent _ -> Optional.empty();
      case VtepMac.Bad bad -> Optional.of(bad.reason());
      case VtepMac.Known known -> claimMac(known.mac(), lease, family);
    };
  }

  private Optional<String> claimMac(MacAddress mac, Candidate.Readable lease, Family family) {
    if (new VtepMac.Known(mac).equals(VtepMac.of(rules.own(), family))) {
      return Optional.of("VtepMAC " + mac + " is our own");
    }
    Ip publicIp = lease.attributes().publicIp(family).orElseThrow();
    Holder holder =
        macs.get(family).computeIfAbsent(mac, unclaimed -> new Holder(publicIp, lease.name()));
    return holder.publicIp().equals(publicIp)
        ? Optional.empty()
        : Optional.of("VtepMAC " + mac + " is that of " + holder.key());
  }
}
