// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.json.JsonException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The few operations on a key-value store that leases need. Implementations (etcd v3, etcd v2,
 * local directory) translate and nothing else: acquisition, renewal, validation and folding are in
 * {@link RegistryStore}, once for all.
 *
 * <p>Names are the last segment of a key below {@code <prefix>/subnets/}. Every call has a time
 * limit of its own (5 s) and throws {@link StoreException} when the store cannot be reached or
 * refuses; an expected answer is a result. Calls end at once with {@code InterruptedException} when
 * the thread is interrupted. Thread-safe: {@link #watch} runs beside the others.
 */
public interface Registry extends AutoCloseable {

  /** How long a lease lives without renewal. */
  Duration LEASE_TIME = Duration.ofHours(24);

  /** Values above this size in bytes are refused unread. */
  int LARGEST_VALUE = 64 * 1024;

  /** What is kept of a reason, in characters. */
  int LONGEST_REASON = 200;

  /** Text for log and status, without secrets. */
  String description();

  /** Whose bytes this store's users write: known once the configuration was read. */
  default LeaseText.Form form() {
    return LeaseText.Form.V3;
  }

  /**
   * The full key of the network configuration, for messages: {@code /coreos.com/network/config}.
   */
  String configKey();

  /** The full key of a lease, for messages. */
  String leaseKey(String name);

  /** The command an operator would type to set the configuration, for messages (P12). */
  String configHint();

  /** The network configuration's text; empty if the key is absent. */
  Optional<String> config() throws InterruptedException;

  /** All keys below {@code subnets/}, direct children only, at one revision, in key order. */
  Listing list() throws InterruptedException;

  /** Creates a key that must not exist. */
  Written create(String name, String value, Expiry expiry) throws InterruptedException;

  /**
   * Overwrites {@code current} if it is unchanged since it was read (compare-and-swap, P8, ODD-17).
   */
  Written update(Entry current, String value, Expiry expiry) throws InterruptedException;

  /**
   * Deletes {@code current} if it is unchanged since it was read. Absent counts as done (ODD-22).
   */
  void delete(Entry current) throws InterruptedException;

  /**
   * Delivers changes behind {@code revision} in order, until interrupted (throws) or until it
   * cannot go on (returns). Calls {@code sink} on its own thread only.
   */
  WatchEnd watch(long revision, Sink sink) throws InterruptedException;

  /**
   * Leaves connections that are open: this host has another address, and those from the old one are
   * dead although nothing says so for a while. A watch in progress ends. Called by any thread.
   */
  default void reconnect() {}

  @Override
  void close();

  /** Whether a written key expires. */
  enum Expiry {
    /** After {@link #LEASE_TIME}. */
    LEASED,
    /** Never: a reservation stays a reservation (ETC-12). */
    NEVER
  }

  /**
   * A key as read.
   *
   * @param name last segment
   * @param value as text; empty if it is larger than {@link #LARGEST_VALUE} or not UTF-8, see
   *     {@code problem}
   * @param problem why the value could not be taken over; empty if it could
   * @param createRevision order of creation; smaller is older
   * @param modRevision changes at each write; the compare-and-swap token
   * @param leaseId etcd v3's lease; 0 for none, and in the other stores
   * @param reservation whether the key never expires
   * @param timeLeft until expiry as the store says at the time of reading, if it says so cheaply
   *     (etcd v3 does not)
   */
  record Entry(
      String name,
      String value,
      Optional<String> problem,
      long createRevision,
      long modRevision,
      long leaseId,
      boolean reservation,
      Optional<Duration> timeLeft) {

    /** Of a key that is refused, what it says is not kept. */
    Entry refused() {
      return with(name, "", problem);
    }

    /**
     * A key below {@code subnets/} as it may be kept, at once when it is read: a listing may have a
     * hundred thousand of 64 KiB each, most of them no leases.
     */
    public Entry bounded() {
      try {
        return with(Snapshot.shortened(name), LeaseText.bounded(value), problem);
      } catch (JsonException e) {
        String reason = String.valueOf(e.getMessage());
        return with(
            Snapshot.shortened(name),
            "",
            Optional.of(reason.substring(0, Math.min(reason.length(), LONGEST_REASON))));
      }
    }

    private Entry with(String newName, String newValue, Optional<String> newProblem) {
      return new Entry(
          newName,
          newValue,
          newProblem,
          createRevision,
          modRevision,
          leaseId,
          reservation,
          timeLeft);
    }
  }

  /**
   * What {@link #list} found.
   *
   * @param storeId identity of the store (cluster id, directory inode): another one means it was
   *     replaced
   * @param revision of the store at the time of reading
   */
  record Listing(String storeId, long revision, List<Entry> entries) {
    public Listing {
      entries = List.copyOf(entries);
    }
  }

  /** The result of a write. */
  sealed interface Written {
    /**
     * It was written.
     *
     * @param entry as written
     * @param timeLeft as granted; absent for a reservation
     */
    record Done(Entry entry, Optional<Duration> timeLeft) implements Written {}

    /** Somebody else has created or changed the key: list again. */
    record Conflict() implements Written {}
  }

  /** Receives what a watch sees. Each method may wait until there is room for more. */
  interface Sink {
    /**
     * The watch is established and up to date with {@code revision}; also called from time to time
     * as a sign of life.
     */
    void alive(long revision) throws InterruptedException;

    void put(Entry entry) throws InterruptedException;

    /** Deleted or expired. */
    void deleted(String name, long revision) throws InterruptedException;

    /** The configuration was changed; empty if it was deleted. */
    void config(Optional<String> text) throws InterruptedException;
  }

  /** Why a watch ended; whatever the reason, the caller lists again and compares (ODD-61). */
  record WatchEnd(String reason) {}
}
