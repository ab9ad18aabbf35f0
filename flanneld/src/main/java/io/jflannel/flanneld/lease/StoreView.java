// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import io.jflannel.net.Cidr;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An immutable view of the leases. Stores publish views; everything downstream is a function of the
 * newest one.
 *
 * @param own this node's lease
 * @param peers accepted leases of the others, without the own one; no two overlap
 * @param refused keys that are not served, with reasons
 * @param kept subnets whose key has an unreadable value: what the kernel has for them is not swept
 * @param complete whether nothing is missing: only then may anything be deleted. False before the
 *     first full list and for 60 s after the store was replaced by an empty or older one (ODD-62)
 * @param contact how the contact with the store is
 * @param restartNeeded why the running configuration is out of date, if it is: {@code
 *     <prefix>/config} was changed
 */
public record StoreView(
    OwnLease own,
    List<Lease> peers,
    List<Refusal> refused,
    Set<Cidr> kept,
    boolean complete,
    Contact contact,
    Optional<String> restartNeeded) {

  /** Whether the network shall be the same: contact and refusals are for people only. */
  public boolean wantsTheSameAs(StoreView other) {
    return complete == other.complete
        && peers.equals(other.peers)
        && own.equals(other.own)
        && kept.equals(other.kept);
  }

  /**
   * Contact with the store.
   *
   * @param connected whether the watch runs
   * @param since when that became so
   * @param detail what is wrong, for people; empty if nothing is
   */
  public record Contact(boolean connected, Instant since, String detail) {}
}
