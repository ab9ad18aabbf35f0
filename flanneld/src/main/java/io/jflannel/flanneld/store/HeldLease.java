// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Written;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The own lease as held.
 *
 * @param entry the key as last written by us, or taken over: the compare-and-swap token
 * @param attributes as we published them
 * @param renewAt on the monotonic clock; absent for a reservation
 * @param expiresAt on the monotonic clock; absent for a reservation
 * @param expires the same for people
 */
record HeldLease(
    Entry entry,
    Subnets subnets,
    LeaseAttributes attributes,
    Optional<Long> renewAt,
    Optional<Long> expiresAt,
    Optional<Instant> expires) {

  /**
   * After a write of ours.
   *
   * @param start when the request was sent: a grant is counted from there
   * @param margin how long before expiry to renew
   */
  static HeldLease granted(
      Written.Done done,
      Subnets subnets,
      LeaseAttributes attributes,
      long start,
      Duration margin,
      Pace pace) {
    Optional<Long> left = done.timeLeft().map(Duration::toNanos);
    long soonest = pace.restore().toNanos();
    return new HeldLease(
        done.entry(),
        subnets,
        attributes,
        left.map(nanos -> start + Math.max(nanos - margin.toNanos(), soonest)),
        left.map(nanos -> start + nanos),
        done.timeLeft().map(time -> pace.wall().instant().plus(time)));
  }

  /**
   * After a write by somebody else. Its time left is not believed (ODD-58); but a reservation is
   * one (ETC-12), and one that ceased to be is renewed at once.
   *
   * @param now on the monotonic clock
   */
  HeldLease takenOver(Entry newer, LeaseAttributes said, long now) {
    if (newer.reservation()) {
      return new HeldLease(
          newer, subnets, said, Optional.empty(), Optional.empty(), Optional.empty());
    }
    Optional<Long> renewal = entry.reservation() ? Optional.of(now) : renewAt;
    return new HeldLease(newer, subnets, said, renewal, expiresAt, expires);
  }

  boolean hasExpired(long now) {
    return expiresAt.filter(end -> end - now <= 0).isPresent();
  }
}
