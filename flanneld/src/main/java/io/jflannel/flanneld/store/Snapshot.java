// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.LeaseFold.Folded;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Listing;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All keys as known: a listing, brought forward by events. A key is parsed when its value changes
 * and not again. One thread's.
 */
final class Snapshot {

  /** A key with what its value says. */
  record Known(Entry entry, Candidate candidate) {
    static Known of(Entry entry) {
      return new Known(
          entry,
          Candidate.of(entry.name(), entry.value(), entry.problem(), entry.createRevision()));
    }
  }

  /** Longer than any key of a lease. */
  private static final int LONGEST_NAME = 256;

  private TreeMap<String, Known> keys = new TreeMap<>();
  private Folded folded = Folded.NONE;
  private boolean changed = true;
  private long listed;

  Collection<Known> keys() {
    return keys.values();
  }

  Optional<Entry> entry(String name) {
    return Optional.ofNullable(keys.get(shortened(name))).map(Known::entry);
  }

  /** Whether a fold could give something new. */
  boolean isChanged() {
    return changed;
  }

  /** The rules have changed. */
  void rejudge() {
    changed = true;
  }

  void list(Listing listing) {
    TreeMap<String, Known> now = new TreeMap<>();
    for (Entry entry : listing.entries()) {
      now.put(shortened(entry.name()), known(entry));
    }
    changed |= now.size() != keys.size();
    keys = now;
    listed = listing.revision();
  }

  /** Parses, unless only other things than the value have changed: a renewal. */
  private Known known(Entry entry) {
    Known before = keys.get(shortened(entry.name()));
    if (before != null && isSame(before.entry(), entry)) {
      return new Known(entry, before.candidate());
    }
    changed = true;
    Known read = Known.of(entry.bounded());
    return switch (read.candidate()) {
      case Candidate.Parsed _ -> read;
      case Candidate.Unreadable _, Candidate.Stray _ ->
          new Known(read.entry().refused(), read.candidate());
    };
  }

  /** Whoever can write keys must not be able to fill our memory with their names. */
  static String shortened(String name) {
    return name.length() <= LONGEST_NAME
        ? name
        : name.substring(0, LONGEST_NAME) + "...#" + Integer.toHexString(name.hashCode());
  }

  private static boolean isSame(Entry one, Entry other) {
    return one.createRevision() == other.createRevision()
        && one.value().equals(other.value())
        && one.problem().equals(other.problem());
  }

  /** Takes a change over, unless something newer is known of the key: the watch may be slow. */
  boolean put(Entry entry) {
    if (isOld(entry.name(), entry.modRevision())) {
      return false;
    }
    wrote(entry);
    return true;
  }

  /** Takes a deletion over, likewise. */
  boolean delete(String name, long revision) {
    if (isOld(name, revision)) {
      return false;
    }
    changed |= keys.remove(shortened(name)) != null;
    return true;
  }

  private boolean isOld(String name, long revision) {
    return revision <= listed
        || entry(name).filter(known -> known.modRevision() > revision).isPresent();
  }

  /** What this node wrote itself is known before its event comes. */
  void wrote(Entry entry) {
    keys.put(shortened(entry.name()), known(entry));
  }

  void removed(String name) {
    changed |= keys.remove(shortened(name)) != null;
  }

  /** Judges all keys if anything changed since the last time. */
  Folded fold(LeaseFold.Rules rules) {
    if (changed) {
      List<Candidate> candidates = keys.values().stream().map(Known::candidate).toList();
      folded = LeaseFold.fold(candidates, rules, folded.accepted());
      changed = false;
    }
    return folded;
  }
}
