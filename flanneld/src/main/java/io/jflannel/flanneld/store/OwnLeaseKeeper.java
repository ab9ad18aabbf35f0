// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Holds this node's lease: takes one, renews it, publishes changes, and notices what others do to
 * it. The only writer of the own key; all writes are compare-and-swap. One thread's.
 *
 * <pre>
 *              take                 somebody else's IP in our key
 *   searching ------> holding ------------------------------------> searching (or the end)
 *                     |     ^
 *       our IP, other |     | ours again, or gone
 *       MAC (P19)     v     |
 *                    contested: no write at all
 * </pre>
 */
final class OwnLeaseKeeper {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());
  private static final Duration QUIET = Duration.ofSeconds(10);

  /** What a turn has come to. */
  enum Turn {
    /** Nothing is due, or it is done. */
    DONE,
    /** Somebody was faster: list again. */
    CONFLICT
  }

  private final Registry registry;
  private final LeaseStore.Request request;
  private final LeaseText.Form form;
  private final Pace pace;
  private final Snapshot snapshot;
  private final Attempts attempts;

  private Wish former;
  private Optional<OwnAttributes> wanted = Optional.empty();
  private Optional<HeldLease> held = Optional.empty();
  private Optional<Subnets> running = Optional.empty();
  private Optional<String> contested = Optional.empty();
  private Optional<String> moved = Optional.empty();
  private String searching = "";
  private boolean gone;
  private Optional<LeaseAttributes> published = Optional.empty();
  private long quietUntil;

  OwnLeaseKeeper(
      Registry registry,
      LeaseStore.Request request,
      LeaseText.Form form,
      Pace pace,
      Snapshot snapshot) {
    this.registry = registry;
    this.request = request;
    this.form = request.config().enabled(Family.V6) ? LeaseText.Form.V3 : form;
    this.pace = pace;
    this.snapshot = snapshot;
    this.attempts = new Attempts(pace);
    this.former = new Wish(request.previousV4(), request.previousV6());
    this.quietUntil = pace.now();
  }

  /** What to publish from now on. */
  void want(OwnAttributes attributes) {
    wanted = Optional.of(attributes);
    snapshot.rejudge();
    leaveToTwin();
  }

  /** Our address was changed because two hosts had it: the key is the other one's from now on. */
  private void leaveToTwin() {
    if (contested.isPresent()) {
      HeldLease lease = held.orElseThrow();
      lease
          .attributes()
          .publicIp(identity())
          .filter(twin ->
              attributes().publicIp(identity()).filter(now -> !now.equals(twin)).isPresent())
          .ifPresent(twin -> lost(lease, twin));
    }
  }

  /** The own lease for the view. */
  OwnLease view() {
    if (held.isEmpty()) {
      return new OwnLease.Waiting(
          searching + (attempts.failing() ? attempts.failure() : "looking for a subnet"));
    }
    HeldLease lease = held.get();
    return new OwnLease.Held(
        new Lease(lease.subnets(), lease.attributes()),
        lease.expires(),
        contested.or(() -> overdue(lease)).or(() -> moved));
  }

  private Optional<String> overdue(HeldLease lease) {
    if (lease.hasExpired(pace.now())) {
      return Optional.of("the lease has expired and could not be renewed: " + attempts.failure());
    }
    return gone && attempts.failing()
        ? Optional.of("the lease's key is gone and could not be created: " + attempts.failure())
        : Optional.empty();
  }

  /** Whether it is known what to publish. */
  boolean hasAttributes() {
    return wanted.isPresent();
  }

  /** What the leases of others are judged by. */
  LeaseFold.Rules rules() {
    return new LeaseFold.Rules(
        request.config(),
        published.orElseGet(this::attributes),
        held.map(lease -> lease.entry().name()),
        held.map(HeldLease::subnets));
  }

  /** What is wrong with the last write, or nothing. */
  String trouble() {
    return attempts.failure();
  }

  /** When {@link #act} should be called, on the monotonic clock. */
  Optional<Long> due() {
    if (wanted.isEmpty() || contested.isPresent()) {
      return Optional.empty();
    }
    if (held.isEmpty() || gone || isOutdated(held.get())) {
      return Optional.of(attempts.notBefore());
    }
    long soonest = attempts.notBefore();
    return held.get().renewAt().map(at -> at - soonest > 0 ? at : soonest);
  }

  /** When the view changes by itself: at expiry. */
  Optional<Long> expiresAt() {
    return held.flatMap(HeldLease::expiresAt).filter(at -> at - pace.now() > 0);
  }

  private boolean isOutdated(HeldLease lease) {
    return !LeaseText.write(attributes(), form).equals(lease.entry().value());
  }

  /**
   * What to publish, given what this run has published. What an own key says of a former run is not
   * taken over: it may be another host's with our address, who would then never notice (P19).
   */
  private LeaseAttributes attributes() {
    return wanted.orElseThrow().given(published);
  }

  /** Does what is due: takes a lease, renews it or publishes a change. */
  Turn act() throws InterruptedException {
    if (due().filter(at -> at - pace.now() <= 0).isEmpty()) {
      return Turn.DONE;
    }
    try {
      Turn turn = held.isPresent() && !gone ? renew(held.get()) : take();
      if (turn == Turn.CONFLICT) {
        attempts.postpone();
      }
      return turn;
    } catch (StoreException e) {
      attempts.failed(String.valueOf(e.getMessage()));
      return Turn.DONE;
    }
  }

  private Turn renew(HeldLease lease) throws InterruptedException {
    return overwrite(lease.entry(), lease.subnets(), attributes());
  }

  private Turn overwrite(Entry entry, Subnets subnets, LeaseAttributes attributes)
      throws InterruptedException {
    long start = pace.now();
    Expiry expiry = entry.reservation() ? Expiry.NEVER : Expiry.LEASED; // ETC-12
    return switch (registry.update(entry, LeaseText.write(attributes, form), expiry)) {
      case Written.Conflict _ -> Turn.CONFLICT;
      case Written.Done done -> hold(done, subnets, attributes, start);
    };
  }

  private Turn take() throws InterruptedException {
    held.ifPresent(this::loseIfTaken);
    Acquisition.Self self = new Acquisition.Self(attributes(), former, running);
    return switch (Acquisition.choose(request.config(), snapshot.keys(), self, pace.random())) {
      case Acquisition.Choice.None none -> {
        attempts.failed(none.reason());
        yield Turn.DONE;
      }
      case Acquisition.Choice.Reuse reuse -> {
        mayMoveTo(reuse.subnets());
        Turn turn = overwrite(reuse.entry(), reuse.subnets(), attributes());
        yield afterwards(turn, reuse.replaced());
      }
      case Acquisition.Choice.Create create -> {
        mayMoveTo(create.subnets());
        yield afterwards(create(create.subnets(), attributes()), create.replaced());
      }
    };
  }

  private Family identity() {
    return Acquisition.identity(request.config());
  }

  /** A key that was gone may be there again, as another's. */
  private void loseIfTaken(HeldLease lease) {
    Optional<OwnKey> key = snapshot.entry(lease.entry().name()).map(entry -> read(lease, entry));
    if (key.isPresent() && key.get() instanceof OwnKey.Lost lost) {
      lost(lease, lost.owner());
    }
  }

  private OwnKey read(HeldLease lease, Entry entry) {
    return OwnKey.read(entry, lease.attributes(), attributes(), form, identity());
  }

  /** Ends the daemon, if so wanted, before another subnet is taken. */
  private void mayMoveTo(Subnets chosen) {
    if (request.onLost() == OnLeaseLost.EXIT
        && running.filter(before -> !before.equals(chosen)).isPresent()) {
      throw new LeaseLostException(
          "subnet %s is not free any more, %s would be"
              .formatted(running.map(Subnets::toString).orElse("?"), chosen));
    }
  }

  private Turn create(Subnets subnets, LeaseAttributes attributes) throws InterruptedException {
    long start = pace.now();
    String name = SubnetKey.print(subnets);
    former =
        new Wish(subnets.v4(), subnets.v6()); // without an answer it may be ours: no second one
    return switch (registry.create(name, LeaseText.write(attributes, form), Expiry.LEASED)) {
      case Written.Conflict _ -> Turn.CONFLICT; // ODD-16
      case Written.Done done -> hold(done, subnets, attributes, start);
    };
  }

  /** Only now: a node must not be without any lease (ODD-46). What fails expires by itself. */
  private Turn afterwards(Turn turn, List<Entry> replaced) throws InterruptedException {
    if (turn == Turn.CONFLICT) {
      return turn;
    }
    for (Entry entry : replaced) {
      LOG.log(Level.INFO, "own lease {0} is not used any more: deleted", entry.name());
      try {
        registry.delete(entry);
        snapshot.removed(entry.name());
      } catch (StoreException e) {
        LOG.log(Level.WARNING, "deleting {0}: {1}", entry.name(), e.getMessage());
      }
    }
    return turn;
  }

  private Turn hold(Written.Done done, Subnets subnets, LeaseAttributes attributes, long start) {
    if (held.isEmpty() || gone) {
      String kind = done.entry().reservation() ? "a reservation" : "leased";
      LOG.log(Level.INFO, "holding subnet {0} ({1})", subnets, kind);
    }
    moved =
        running
            .filter(before -> !before.equals(subnets))
            .map(before ->
                "subnet changed from %s to %s: restart containers".formatted(before, subnets))
            .or(() -> moved);
    held =
        Optional.of(
            HeldLease.granted(done, subnets, attributes, start, request.renewMargin(), pace));
    running = Optional.of(subnets);
    published = Optional.of(attributes);
    gone = false;
    searching = "";
    snapshot.wrote(done.entry());
    snapshot.rejudge();
    attempts.succeeded();
    return Turn.DONE;
  }

  /** The store was replaced: nothing in it is known to be ours, whatever it looks like (ODD-62). */
  void distrust() {
    gone = held.isPresent();
    contested = Optional.empty();
    attempts.hurry();
  }

  /** A key was deleted: the one we wait for, perhaps. */
  void freed() {
    if (held.isEmpty()) {
      attempts.hurry();
    }
  }

  /** At most one line per 10 s about what others do to our key. */
  private void warn(String text) {
    if (pace.now() - quietUntil >= 0) {
      LOG.log(Level.WARNING, text);
      quietUntil = pace.now() + QUIET.toNanos();
    }
  }

  /**
   * Compares the own key as it is in the store with what we hold.
   *
   * @throws LeaseLostException if another node has it and that is to end the daemon
   */
  void observe() {
    if (held.isEmpty() || gone) {
      return;
    }
    HeldLease lease = held.get();
    Optional<Entry> entry = snapshot.entry(lease.entry().name());
    if (entry.isEmpty()) {
      warn("own key %s was deleted or has expired".formatted(key(lease)));
      gone = true;
      contested = Optional.empty();
      attempts.hurry();
    } else if (entry.get().modRevision() != lease.entry().modRevision()) {
      foreignWrite(lease, entry.get());
    }
  }

  private String key(HeldLease lease) {
    return registry.leaseKey(lease.entry().name());
  }

  private void foreignWrite(HeldLease lease, Entry entry) {
    OwnKey key = read(lease, entry);
    if (contested.isPresent() && !(key instanceof OwnKey.Twin)) {
      LOG.log(Level.INFO, "own key {0} is no longer contested", key(lease));
      contested = Optional.empty();
    }
    switch (key) {
      case OwnKey.Lost lost -> lost(lease, lost.owner());
      case OwnKey.Twin twin -> contest(lease, entry, twin.address());
      case OwnKey.Altered _ -> {
        warn("own key %s was written by somebody else".formatted(key(lease)));
        held = Optional.of(lease.takenOver(entry, lease.attributes(), pace.now()));
        attempts.hurry(); // it is out of date now: act() puts it right
      }
      case OwnKey.Said _ -> {
        published = Optional.of(attributes());
        held = Optional.of(lease.takenOver(entry, attributes(), pace.now()));
        attempts.succeeded();
        snapshot.rejudge();
      }
    }
  }

  /** Stops writing, keeps the traffic. */
  private void contest(HeldLease lease, Entry entry, Ip address) {
    String text =
        "two hosts publish %s: %s was rewritten by another with our address and another MAC; not renewing"
            .formatted(address, key(lease));
    if (contested.isEmpty()) {
      LOG.log(Level.ERROR, text);
    }
    contested = Optional.of(text);
    held = Optional.of(lease.takenOver(entry, lease.attributes(), pace.now()));
  }

  private void lost(HeldLease lease, Ip owner) {
    String text = "subnet %s was taken by %s".formatted(lease.subnets(), owner);
    if (request.onLost() == OnLeaseLost.EXIT) {
      throw new LeaseLostException(text + " (" + key(lease) + ")");
    }
    LOG.log(Level.ERROR, "{0} ({1}): taking another", text, key(lease));
    held = Optional.empty();
    gone = false;
    contested = Optional.empty();
    searching = text + ": ";
    snapshot.rejudge();
    attempts.hurry();
  }
}
