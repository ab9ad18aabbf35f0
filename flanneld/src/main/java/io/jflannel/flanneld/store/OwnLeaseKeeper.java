// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.flanneld.lease.Candidate;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.SubnetKey;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
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

  /**
   * The lease.
   *
   * @param entry the key as last written by us, or taken over: the compare-and-swap token
   * @param attributes as we published them
   * @param renewAt on the monotonic clock; absent for a reservation
   * @param expiresAt on the monotonic clock; absent for a reservation
   */
  private record Held(
      Entry entry,
      Subnets subnets,
      LeaseAttributes attributes,
      Optional<Long> renewAt,
      Optional<Long> expiresAt,
      Optional<Instant> expires) {

    Held with(Entry newer) {
      return new Held(newer, subnets, attributes, renewAt, expiresAt, expires);
    }
  }

  private final Registry registry;
  private final LeaseStore.Request request;
  private final LeaseText.Form form;
  private final Pace pace;
  private final Snapshot snapshot;

  private Optional<OwnAttributes> wanted = Optional.empty();
  private Optional<Held> held = Optional.empty();
  private Optional<Subnets> running = Optional.empty();
  private Optional<String> contested = Optional.empty();
  private Optional<String> moved = Optional.empty();
  private String searching = "no lease yet";
  private boolean gone;
  private Backoff backoff;
  private int failures;
  private String failure = "";
  private long notBefore;
  private long lastWrite;
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
    this.backoff = pace.write();
    this.notBefore = pace.now();
    this.lastWrite = notBefore - pace.restore().toNanos();
    this.quietUntil = notBefore;
  }

  void want(OwnAttributes attributes) {
    wanted = Optional.of(attributes);
    snapshot.rejudge();
  }

  /** The own lease for the view. */
  OwnLease view() {
    if (held.isEmpty()) {
      return new OwnLease.Waiting(searching);
    }
    Held lease = held.get();
    Optional<String> expired =
        lease
            .expiresAt()
            .filter(end -> end - pace.now() <= 0)
            .map(end -> "the lease has expired and could not be renewed: " + failure);
    Optional<String> missing =
        gone && failures > 0
            ? Optional.of("the lease's key is gone and could not be created again: " + failure)
            : Optional.empty();
    return new OwnLease.Held(
        new Lease(lease.subnets(), lease.attributes()),
        lease.expires(),
        contested.or(() -> expired).or(() -> missing).or(() -> moved));
  }

  /** Whether it is known what to publish. */
  boolean hasAttributes() {
    return wanted.isPresent();
  }

  /** What the leases of others are judged by. */
  LeaseFold.Rules rules() {
    return new LeaseFold.Rules(
        request.config(),
        held.map(Held::attributes).orElseGet(() -> wanted.orElseThrow().given(Optional.empty())),
        held.map(lease -> lease.entry().name()),
        held.map(Held::subnets));
  }

  /** What is wrong with the last write, or nothing. */
  String trouble() {
    return failure;
  }

  /** When {@link #act} should be called, on the monotonic clock. */
  Optional<Long> due() {
    if (wanted.isEmpty() || contested.isPresent()) {
      return Optional.empty();
    }
    if (held.isEmpty() || gone || isOutdated(held.get())) {
      return Optional.of(notBefore);
    }
    return held.get().renewAt().map(at -> at - notBefore > 0 ? at : notBefore);
  }

  /** When the view changes by itself: at expiry. */
  Optional<Long> expiresAt() {
    return held.flatMap(Held::expiresAt).filter(at -> at - pace.now() > 0);
  }

  private boolean isOutdated(Held lease) {
    LeaseAttributes attributes = wanted.orElseThrow().given(Optional.of(lease.attributes()));
    return !LeaseText.write(attributes, form).equals(lease.entry().value());
  }

  private Optional<LeaseAttributes> published() {
    return held.map(Held::attributes);
  }

  /** Does what is due: takes a lease, renews it or publishes a change. */
  Turn act() throws InterruptedException {
    if (due().filter(at -> at - pace.now() <= 0).isEmpty()) {
      return Turn.DONE;
    }
    try {
      Turn turn = held.isPresent() && !gone ? renew(held.get()) : take();
      if (turn == Turn.CONFLICT) {
        postpone();
      }
      return turn;
    } catch (StoreException e) {
      failed(String.valueOf(e.getMessage()));
      return Turn.DONE;
    }
  }

  private void postpone() {
    notBefore = pace.after(backoff);
    backoff = backoff.next();
  }

  private void failed(String reason) {
    if (failures == 0) {
      LOG.log(Level.WARNING, "own lease: {0}; trying again", reason);
    }
    failures++;
    failure = reason;
    if (held.isEmpty()) {
      searching = reason;
    }
    postpone();
  }

  private void succeeded() {
    if (failures > 0) {
      LOG.log(Level.INFO, "own lease: well again after {0} failures", failures);
    }
    failures = 0;
    failure = "";
    backoff = pace.write();
    notBefore = pace.now();
  }

  private Turn renew(Held lease) throws InterruptedException {
    LeaseAttributes attributes = wanted.orElseThrow().given(Optional.of(lease.attributes()));
    return overwrite(lease.entry(), lease.subnets(), attributes);
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
    OwnAttributes attributes = wanted.orElseThrow();
    if (held.isPresent()) {
      foreignOwner(held.get()).ifPresent(owner -> lost(held.get(), owner));
    }
    Wish previous = new Wish(request.previousV4(), request.previousV6());
    return switch (Acquisition.choose(
        request.config(), snapshot.keys(), node(), previous, running, pace.random())) {
      case Acquisition.Choice.None none -> {
        failed(none.reason());
        yield Turn.DONE;
      }
      case Acquisition.Choice.Reuse reuse -> {
        mayMoveTo(reuse.subnets());
        LeaseAttributes published = attributes.given(reuse.published().or(this::published));
        yield overwrite(reuse.entry(), reuse.subnets(), published);
      }
      case Acquisition.Choice.Create create -> {
        mayMoveTo(create.subnets());
        yield create(create, attributes);
      }
    };
  }

  /** The address by which a lease is known to be ours (ODD-13). */
  private Optional<Ip> node() {
    Family family = request.config().enabled(Family.V4) ? Family.V4 : Family.V6;
    return wanted.flatMap(attributes -> attributes.given(published()).publicIp(family));
  }

  /** Who has our key by now, if it is another node. */
  private Optional<Ip> foreignOwner(Held lease) {
    return snapshot
        .entry(lease.entry().name())
        .map(Snapshot.Known::of)
        .filter(known -> known.candidate() instanceof Candidate.Parsed)
        .map(known -> ((Candidate.Parsed) known.candidate()).attributes())
        .filter(attributes -> !isSameNode(lease, attributes))
        .flatMap(attributes -> attributes.publicIp(identity()));
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

  private Turn create(Acquisition.Choice.Create create, OwnAttributes wanted)
      throws InterruptedException {
    LeaseAttributes attributes = wanted.given(published().or(create::published));
    long start = pace.now();
    String name = SubnetKey.print(create.subnets());
    return switch (registry.create(name, LeaseText.write(attributes, form), Expiry.LEASED)) {
      case Written.Conflict _ -> Turn.CONFLICT; // ODD-16
      case Written.Done done -> {
        Turn turn = hold(done, create.subnets(), attributes, start);
        delete(create.replaced());
        yield turn;
      }
    };
  }

  /** Only now: a node must not be without any lease (ODD-46). What fails expires by itself. */
  private void delete(List<Entry> replaced) throws InterruptedException {
    for (Entry entry : replaced) {
      LOG.log(Level.INFO, "own lease {0} does not fit the configuration: deleted", entry.name());
      try {
        registry.delete(entry);
        snapshot.removed(entry.name());
      } catch (StoreException e) {
        LOG.log(Level.WARNING, "deleting {0}: {1}", entry.name(), e.getMessage());
      }
    }
  }

  private Turn hold(Written.Done done, Subnets subnets, LeaseAttributes attributes, long start) {
    Optional<Long> left = done.timeLeft().map(Duration::toNanos);
    long margin = request.renewMargin().toNanos();
    boolean isNew = held.isEmpty() || gone;
    if (isNew) {
      LOG.log(
          Level.INFO,
          "holding subnet {0} ({1})",
          subnets,
          done.entry().reservation() ? "a reservation" : "leased");
    }
    moved =
        running
            .filter(before -> !before.equals(subnets))
            .map(before ->
                "subnet changed from %s to %s: restart containers".formatted(before, subnets))
            .or(() -> moved);
    held =
        Optional.of(
            new Held(
                done.entry(),
                subnets,
                attributes,
                left.map(nanos -> start + Math.max(nanos - margin, pace.restore().toNanos())),
                left.map(nanos -> start + nanos),
                done.timeLeft().map(time -> pace.wall().instant().plus(time))));
    running = Optional.of(subnets);
    lastWrite = pace.now();
    gone = false;
    snapshot.wrote(done.entry());
    snapshot.rejudge();
    succeeded();
    return Turn.DONE;
  }

  /** The store was replaced: nothing in it is known to be ours, whatever it looks like (ODD-62). */
  void distrust() {
    gone = held.isPresent();
    contested = Optional.empty();
    hurry();
  }

  /** As soon as possible, but an opponent must not make us write without a pause. */
  private void hurry() {
    backoff = pace.write();
    notBefore = lastWrite + pace.restore().toNanos();
  }

  /** A key was deleted: the one we wait for, perhaps. */
  void freed() {
    if (held.isEmpty()) {
      hurry();
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
    Held lease = held.get();
    Optional<Entry> entry = snapshot.entry(lease.entry().name());
    if (entry.isEmpty()) {
      warn("own key %s was deleted or has expired".formatted(key(lease)));
      gone = true;
      contested = Optional.empty();
      hurry();
    } else if (entry.get().modRevision() != lease.entry().modRevision()) {
      foreignWrite(lease, entry.get());
    }
  }

  private String key(Held lease) {
    return registry.leaseKey(lease.entry().name());
  }

  private void foreignWrite(Held lease, Entry entry) {
    switch (Candidate.of(entry.name(), entry.value(), entry.problem(), entry.createRevision())) {
      case Candidate.Parsed parsed when isSameNode(lease, parsed.attributes()) ->
          sameNode(lease, entry, parsed.attributes());
      case Candidate.Parsed parsed when parsed.attributes().publicIp(identity()).isPresent() ->
          lost(lease, parsed.attributes().publicIp(identity()).get());
      case Candidate.Parsed _, Candidate.Unreadable _, Candidate.Stray _ -> restore(lease, entry);
    }
  }

  private Family identity() {
    return request.config().enabled(Family.V4) ? Family.V4 : Family.V6;
  }

  private boolean isSameNode(Held lease, LeaseAttributes attributes) {
    return Acquisition.isOf(attributes, lease.attributes().publicIp(identity()))
        || Acquisition.isOf(attributes, node());
  }

  /** Our address is in it: an answer of ours that was lost, an operator, or a twin (P19). */
  private void sameNode(Held lease, Entry entry, LeaseAttributes attributes) {
    boolean twin =
        differs(attributes, lease.attributes(), Family.V4)
            || differs(attributes, lease.attributes(), Family.V6);
    if (twin) {
      if (contested.isEmpty()) {
        contested =
            Optional.of(
                "two hosts publish %s: %s was rewritten by another with our address and another MAC; not renewing"
                    .formatted(
                        attributes.publicIp(identity()).map(Ip::toString).orElse("?"), key(lease)));
        LOG.log(Level.ERROR, contested.get());
      }
      held = Optional.of(lease.with(entry));
      return;
    }
    if (contested.isPresent()) {
      LOG.log(Level.INFO, "own key {0} is ours again", key(lease));
      contested = Optional.empty();
      hurry();
    }
    restore(lease, entry);
  }

  private static boolean differs(LeaseAttributes theirs, LeaseAttributes ours, Family family) {
    return VtepMac.of(theirs, family) instanceof VtepMac.Known their
        && VtepMac.of(ours, family) instanceof VtepMac.Known our
        && !their.equals(our);
  }

  /**
   * Goes on from the key as it is: if it says something else than ours, {@link #act} will put that
   * right. Time left is never taken from another's write (ODD-58); but a reservation is one
   * (ETC-12), and one that ceased to be is renewed at once.
   */
  private void restore(Held lease, Entry entry) {
    warn("own key %s was written by somebody else".formatted(key(lease)));
    boolean turned = lease.entry().reservation() && !entry.reservation();
    Optional<Long> renewAt = turned ? Optional.of(pace.now()) : lease.renewAt();
    held =
        Optional.of(
            entry.reservation()
                ? new Held(
                    entry,
                    lease.subnets(),
                    lease.attributes(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty())
                : new Held(
                    entry,
                    lease.subnets(),
                    lease.attributes(),
                    renewAt,
                    lease.expiresAt(),
                    lease.expires()));
    hurry();
    snapshot.rejudge();
  }

  private void lost(Held lease, Ip owner) {
    String text = "subnet %s was taken by %s".formatted(lease.subnets(), owner);
    if (request.onLost() == OnLeaseLost.EXIT) {
      throw new LeaseLostException(text + " (" + key(lease) + ")");
    }
    LOG.log(Level.ERROR, "{0} ({1}): taking another", text, key(lease));
    held = Optional.empty();
    gone = false;
    contested = Optional.empty();
    searching = text + ": taking another";
    snapshot.rejudge();
    hurry();
  }
}
