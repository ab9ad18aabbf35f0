// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.Subnets;
import java.util.Optional;

/**
 * How this node stands with its lease: what it holds, held before, and what is wrong with it. Only
 * keeps and tells; {@link OwnLeaseKeeper} decides. One thread's.
 *
 * <pre>
 *              granted             lost: somebody else's IP in our key
 *   searching ---------> holding ---------------------------------------> searching
 *                         | |  ^
 *       our IP, other MAC | |  | granted; or ours again: settled
 *                   (P19) v v  |
 *                contested, or vanished
 * </pre>
 */
final class Tenure {

  private Optional<HeldLease> held = Optional.empty();
  private Optional<Subnets> running = Optional.empty();
  private Optional<LeaseAttributes> published = Optional.empty();
  private Optional<String> contested = Optional.empty();
  private Optional<String> moved = Optional.empty();
  private String searching = "";
  private boolean vanished;

  Optional<HeldLease> held() {
    return held;
  }

  /** The lease whose key, as far as is known, is in the store. */
  Optional<HeldLease> present() {
    return vanished ? Optional.empty() : held;
  }

  /** The subnets that containers have, since the first lease of this run. */
  Optional<Subnets> running() {
    return running;
  }

  /** What this run has published last. */
  Optional<LeaseAttributes> published() {
    return published;
  }

  boolean isContested() {
    return contested.isPresent();
  }

  void granted(HeldLease lease) {
    Subnets subnets = lease.subnets();
    moved =
        running
            .filter(before -> !before.equals(subnets))
            .map(before ->
                "subnet changed from %s to %s: restart containers".formatted(before, subnets))
            .or(() -> moved);
    running = Optional.of(subnets);
    published = Optional.of(lease.attributes());
    held = Optional.of(lease);
    vanished = false;
    searching = "";
  }

  /** Somebody else wrote the key, and it is ours all the same. */
  void rewritten(HeldLease lease) {
    held = Optional.of(lease);
    published = Optional.of(lease.attributes());
  }

  void contested(HeldLease lease, String text) {
    held = Optional.of(lease);
    contested = Optional.of(text);
  }

  void settled() {
    contested = Optional.empty();
  }

  /** The key is not in the store any more, or not known to be ours. */
  void vanished() {
    vanished = held.isPresent();
    contested = Optional.empty();
  }

  void lost(String text) {
    held = Optional.empty();
    vanished = false;
    contested = Optional.empty();
    searching = text + ": ";
  }

  /**
   * The own lease for the view.
   *
   * @param now on the monotonic clock
   * @param failure of the last attempt to write; empty if it did not fail
   */
  OwnLease view(long now, String failure) {
    if (held.isEmpty()) {
      return new OwnLease.Waiting(
          searching + (failure.isEmpty() ? "looking for a subnet" : failure));
    }
    HeldLease lease = held.get();
    return new OwnLease.Held(
        new Lease(lease.subnets(), lease.attributes()),
        lease.expires(),
        contested.or(() -> overdue(lease, now, failure)).or(() -> moved));
  }

  private Optional<String> overdue(HeldLease lease, long now, String failure) {
    if (lease.hasExpired(now)) {
      return Optional.of("the lease has expired and could not be renewed: " + failure);
    }
    return vanished && !failure.isEmpty()
        ? Optional.of("the lease's key is gone and could not be created: " + failure)
        : Optional.empty();
  }
}
