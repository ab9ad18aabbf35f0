// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the own key, by compare-and-swap only. What it gives back is empty if somebody was faster.
 */
final class OwnKeyWriter {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());

  private final Registry registry;
  private final LeaseText.Form form;
  private final Duration renewMargin;
  private final Pace pace;
  private final Set<LeaseAttributes> unanswered = new HashSet<>();

  OwnKeyWriter(Registry registry, LeaseText.Form form, Duration renewMargin, Pace pace) {
    this.registry = registry;
    this.form = form;
    this.renewMargin = renewMargin;
    this.pace = pace;
  }

  LeaseText.Form form() {
    return form;
  }

  /** What was sent since the last write that is known to be done: the store may have it. */
  Set<LeaseAttributes> unanswered() {
    return Collections.unmodifiableSet(unanswered);
  }

  /** A key of ours that was read; a reservation stays one (ETC-12). */
  Optional<HeldLease> overwrite(Entry entry, Subnets subnets, LeaseAttributes attributes)
      throws InterruptedException {
    long start = pace.now();
    Expiry expiry = entry.reservation() ? Expiry.NEVER : Expiry.LEASED;
    unanswered.add(attributes);
    Written written = registry.update(entry, LeaseText.write(attributes, form), expiry);
    return lease(written, subnets, attributes, start);
  }

  /** A key that is not there (ODD-16). */
  Optional<HeldLease> create(Subnets subnets, LeaseAttributes attributes)
      throws InterruptedException {
    long start = pace.now();
    String name = SubnetKey.print(subnets);
    unanswered.add(attributes);
    Written written = registry.create(name, LeaseText.write(attributes, form), Expiry.LEASED);
    return lease(written, subnets, attributes, start);
  }

  private Optional<HeldLease> lease(
      Written written, Subnets subnets, LeaseAttributes attributes, long start) {
    return switch (written) {
      case Written.Conflict _ -> Optional.empty();
      case Written.Done done -> {
        unanswered.clear();
        yield Optional.of(HeldLease.granted(done, subnets, attributes, start, renewMargin, pace));
      }
    };
  }

  /** Returns those that are gone; what fails expires by itself. */
  List<Entry> delete(List<Entry> unused) throws InterruptedException {
    List<Entry> gone = new ArrayList<>();
    for (Entry entry : unused) {
      LOG.log(Level.INFO, "own lease {0} is not used any more: deleted", entry.name());
      try {
        registry.delete(entry);
        gone.add(entry);
      } catch (StoreException e) {
        LOG.log(Level.WARNING, "deleting {0}: {1}", entry.name(), e.getMessage());
      }
    }
    return gone;
  }

  /** Whether the key does not say what it should. */
  boolean isOutdated(HeldLease lease, LeaseAttributes wanted) {
    return !LeaseText.write(wanted, form).equals(lease.entry().value());
  }
}
