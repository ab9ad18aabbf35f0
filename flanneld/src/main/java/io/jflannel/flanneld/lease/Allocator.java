// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Chooses subnets (ETC-10). Pure: what is taken and the randomness come in as arguments. Work is
 * linear in the number of leases, whatever the size of the network.
 */
public final class Allocator {

  /** One of the first so many free subnets is chosen. */
  private static final int CHOICE = 100;

  private static final Comparator<Cidr> BY_ADDRESS =
      Comparator.comparing(Cidr::ip).thenComparingInt(Cidr::length);

  private Allocator() {}

  /** The outcome. */
  public sealed interface Result {
    /** A subnet for each enabled family. */
    record Found(Subnets subnets) implements Result {}

    /**
     * Nothing is free in a family: each subnet overlaps a lease.
     *
     * @param total subnets between SubnetMin and SubnetMax
     * @param leases keys within the network
     */
    record Exhausted(Family family, AddressRange range, BigInteger total, int leases)
        implements Result {

      /** The error text (P14). */
      public String text() {
        if (total.signum() == 0) {
          String prefix = family == Family.V4 ? "" : "IPv6";
          return "out of subnets: %sSubnetMin %s is above %sSubnetMax %s"
              .formatted(prefix, range.subnetMin(), prefix, range.subnetMax());
        }
        return "out of subnets: %1$s of %1$s %2$s subnets of length %3$d between %4$s and %5$s are used (%6$d leases in %7$s)"
            .formatted(
                total,
                family,
                range.subnetLength(),
                range.subnetMin(),
                range.subnetMax(),
                leases,
                range.network());
      }
    }
  }

  /** Subnets one would like to have, per family: those of a former run. */
  public record Wish(Optional<Cidr> v4, Optional<Cidr> v6) {
    /** No wish. */
    public static final Wish NONE = new Wish(Optional.empty(), Optional.empty());

    /** The one of a family. */
    public Optional<Cidr> of(Family family) {
      return family == Family.V4 ? v4 : v6;
    }
  }

  /**
   * Gives each enabled family a subnet: the wished one if it fits the configuration and overlaps
   * nothing, else one of the first 100 free ones (ODD-56: a wish is granted to each on its own).
   *
   * <p>Both families take the free one of the same rank. A key names both subnets: two nodes that
   * choose at the same moment must meet in both, and so notice, or in none. With one draw for each
   * family they would share an IPv4 subnet under two keys.
   *
   * @param taken subnets of all keys but those the new lease replaces; what is not strictly inside
   *     the network does not count (ODD-64): one such key would keep all others out
   */
  public static Result allocate(
      NetworkConfig config, Collection<Subnets> taken, Wish wish, RandomGenerator random) {
    Map<Family, Cidr> granted = new EnumMap<>(Family.class);
    Map<Family, List<Cidr>> free = new EnumMap<>(Family.class);
    for (Family family : Family.values()) {
      Optional<AddressRange> range = config.range(family);
      if (range.isPresent()) {
        List<Cidr> blocks = blocks(range.get(), taken, family);
        Optional<Cidr> wished = grant(range.get(), blocks, wish.of(family));
        List<Cidr> others = wished.isPresent() ? List.of() : firstFree(range.get(), blocks);
        if (wished.isEmpty() && others.isEmpty()) {
          return new Result.Exhausted(family, range.get(), total(range.get()), blocks.size());
        }
        wished.ifPresentOrElse(w -> granted.put(family, w), () -> free.put(family, others));
      }
    }
    int ranks = free.values().stream().mapToInt(List::size).min().orElse(1);
    int rank = random.nextInt(ranks);
    free.forEach((family, subnets) -> granted.put(family, subnets.get(rank)));
    return new Result.Found(
        new Subnets(
            Optional.ofNullable(granted.get(Family.V4)),
            Optional.ofNullable(granted.get(Family.V6))));
  }

  /** Whether a lease's subnet can be kept under this configuration (6.5, "compatible"). */
  public static boolean fits(AddressRange range, Cidr subnet) {
    return subnet.family() == range.network().family()
        && subnet.length() == range.subnetLength()
        && subnet.equals(subnet.network())
        && range.subnetMin().compareTo(subnet.ip()) <= 0
        && subnet.ip().compareTo(range.subnetMax()) <= 0;
  }

  /** Whether a lease has exactly the enabled families, and each of its subnets fits. */
  public static boolean fits(NetworkConfig config, Subnets subnets) {
    for (Family family : Family.values()) {
      Optional<AddressRange> range = config.range(family);
      Optional<Cidr> subnet = subnets.of(family);
      if (range.isPresent() != subnet.isPresent()
          || range.isPresent() && !fits(range.get(), subnet.get())) {
        return false;
      }
    }
    return true;
  }

  private static List<Cidr> blocks(AddressRange range, Collection<Subnets> taken, Family family) {
    List<Cidr> blocks = new ArrayList<>();
    for (Subnets subnets : taken) {
      subnets
          .of(family)
          .filter(subnet -> range.network().length() < subnet.length())
          .filter(range.network()::contains)
          .map(Cidr::network)
          .ifPresent(blocks::add);
    }
    blocks.sort(BY_ADDRESS);
    return blocks;
  }

  private static Optional<Cidr> grant(
      AddressRange range, List<Cidr> blocks, Optional<Cidr> wished) {
    return wished
        .filter(subnet -> fits(range, subnet))
        .filter(subnet -> blocks.stream().noneMatch(subnet::overlaps)); // ODD-65
  }

  /** Walks subnets and sorted blocks side by side, leaping over blocks that are larger. */
  private static List<Cidr> firstFree(AddressRange range, List<Cidr> blocks) {
    List<Cidr> free = new ArrayList<>();
    Optional<Cidr> at = Optional.of(new Cidr(range.subnetMin(), range.subnetLength()));
    int next = 0;
    while (at.isPresent()
        && at.get().ip().compareTo(range.subnetMax()) <= 0
        && free.size() < CHOICE) {
      Cidr subnet = at.get();
      while (next < blocks.size() && endsBefore(blocks.get(next), subnet)) {
        next++;
      }
      if (next == blocks.size() || !blocks.get(next).overlaps(subnet)) {
        free.add(subnet);
        at = subnet.next(); // ODD-38: empty behind the last of the family
      } else {
        Cidr block = blocks.get(next);
        at =
            (block.length() < subnet.length() ? block : subnet)
                .next()
                .map(behind -> new Cidr(behind.ip(), subnet.length()));
      }
    }
    return free;
  }

  private static boolean endsBefore(Cidr block, Cidr subnet) {
    return block.ip().compareTo(subnet.ip()) < 0 && !block.overlaps(subnet);
  }

  /** Number of subnets between the first and the last; none if these are the wrong way round. */
  private static BigInteger total(AddressRange range) {
    BigInteger first = number(range.subnetMin());
    BigInteger last = number(range.subnetMax());
    int hostBits = range.network().family().bits() - range.subnetLength();
    return last.subtract(first).shiftRight(hostBits).add(BigInteger.ONE).max(BigInteger.ZERO);
  }

  private static BigInteger number(Ip ip) {
    return new BigInteger(1, ip.bytes());
  }
}
