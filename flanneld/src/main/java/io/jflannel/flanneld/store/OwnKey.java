// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.Set;

/** What a write to our key means that we did not get an answer to. Pure. */
sealed interface OwnKey {

  /** It says what we want to say: an answer of ours was lost, or somebody means the same. */
  record Said() implements OwnKey {}

  /** Nobody else's, but not as it should be: to be put right. */
  record Altered() implements OwnKey {}

  /** Our address with another MAC: two hosts have it (P19). */
  record Twin(Ip address) implements OwnKey {}

  /** Another node has it. */
  record Lost(Ip owner) implements OwnKey {}

  /**
   * Reads the key.
   *
   * @param published what we published
   * @param unanswered what else we may have written; only the same text is ours
   * @param wanted what we want to publish
   * @param identity the family whose public address names the node (ODD-13)
   */
  static OwnKey read(
      Entry entry,
      LeaseAttributes published,
      Set<LeaseAttributes> unanswered,
      LeaseAttributes wanted,
      LeaseText.Form form,
      Family identity) {
    if (LeaseText.write(wanted, form).equals(entry.value())) {
      return new Said();
    }
    if (unanswered.stream().anyMatch(said -> LeaseText.write(said, form).equals(entry.value()))) {
      return new Altered();
    }
    return switch (Snapshot.Known.of(entry).candidate()) {
      case Candidate.Unreadable _, Candidate.Stray _ -> new Altered();
      case Candidate.Parsed lease -> read(lease.attributes(), published, wanted, identity);
    };
  }

  private static OwnKey read(
      LeaseAttributes theirs, LeaseAttributes published, LeaseAttributes wanted, Family identity) {
    Optional<Ip> address = theirs.publicIp(identity);
    if (address.isEmpty()) {
      return new Altered();
    }
    boolean ours =
        address.equals(published.publicIp(identity)) || address.equals(wanted.publicIp(identity));
    if (!ours) {
      return new Lost(address.get());
    }
    return differ(theirs, published, Family.V4) || differ(theirs, published, Family.V6)
        ? new Twin(address.get())
        : new Altered();
  }

  private static boolean differ(LeaseAttributes theirs, LeaseAttributes ours, Family family) {
    return VtepMac.of(theirs, family) instanceof VtepMac.Known their
        && VtepMac.of(ours, family) instanceof VtepMac.Known our
        && !their.equals(our);
  }
}
