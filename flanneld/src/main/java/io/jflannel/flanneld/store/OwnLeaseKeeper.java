// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.lease.Allocator.Wish;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseFold;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;

/**
 * Keeps this node's lease: takes one, renews it, publishes changes, and answers to what others do
 * to it. The only writer of the own key. One thread's.
 */
final class OwnLeaseKeeper {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());

  /** What a turn has come to. */
  enum Turn {
    /** Nothing is due, or it is done. */
    DONE,
    /** Somebody was faster: list again. */
    CONFLICT
  }

  private final Registry registry;
  private final LeaseStore.Request request;
  private final OwnKeyWriter writer;
  private final Pace pace;
  private final Snapshot snapshot;
  private final Attempts attempts;
  private final RateLimitedLog foreign;
  private final Tenure tenure = new Tenure();

  private Optional<OwnAttributes> wanted = Optional.empty();
  private Wish former;

  OwnLeaseKeeper(
      Registry registry,
      LeaseStore.Request request,
      LeaseText.Form form,
      Pace pace,
      Snapshot snapshot) {
    this.registry = registry;
    this.request = request;
    this.writer =
        new OwnKeyWriter(
            registry,
            request.config().enabled(Family.V6) ? LeaseText.Form.V3 : form,
            request.renewMargin(),
            pace);
    this.pace = pace;
    this.snapshot = snapshot;
    this.attempts = new Attempts(pace);
    this.former = new Wish(request.previousV4(), request.previousV6());
    this.foreign = new RateLimitedLog(LOG, pace::now);
  }

  /** What to publish from now on. */
  void want(OwnAttributes attributes) {
    wanted = Optional.of(attributes);
    snapshot.rejudge();
    if (tenure.isContested()) {
      tenure.held().ifPresent(this::leaveToTwin);
    }
  }

  /** Our address was changed because two hosts had it: the key is the other one's from now on. */
  private void leaveToTwin(HeldLease lease) {
    Optional<Ip> now = attributes().publicIp(identity());
    lease
        .attributes()
        .publicIp(identity())
        .filter(twin -> now.filter(ours -> !ours.equals(twin)).isPresent())
        .ifPresent(twin -> lost(lease, twin));
  }

  /** The own lease for the view. */
  OwnLease view() {
    return tenure.view(pace.now(), attempts.failure());
  }

  /** Whether it is known what to publish. */
  boolean hasAttributes() {
    return wanted.isPresent();
  }

  /** What the leases of others are judged by. */
  LeaseFold.Rules rules() {
    return new LeaseFold.Rules(
        request.config(),
        tenure.published().orElseGet(this::attributes),
        tenure.held().map(lease -> lease.entry().name()),
        tenure.held().map(HeldLease::subnets));
  }

  /** What is wrong with the last write, or nothing. */
  String trouble() {
    return attempts.failure();
  }

  /** When {@link #act} should be called, on the monotonic clock. */
  Optional<Long> due() {
    if (wanted.isEmpty() || tenure.isContested()) {
      return Optional.empty();
    }
    long soonest = attempts.notBefore();
    Optional<HeldLease> fresh =
        tenure.present().filter(lease -> !writer.isOutdated(lease, attributes()));
    return fresh.isEmpty()
        ? Optional.of(soonest)
        : fresh.get().renewAt().map(at -> at - soonest > 0 ? at : soonest);
  }

  /** When the view changes by itself: at expiry. */
  Optional<Long> expiresAt() {
    return tenure.held().flatMap(HeldLease::expiresAt).filter(at -> at - pace.now() > 0);
  }

  /**
   * What to publish, given what this run has published. What an own key says of a former run is not
   * taken over: it may be another host's with our address, who would then never notice (P19).
   */
  private LeaseAttributes attributes() {
    return wanted.orElseThrow().given(tenure.published());
  }

  /** Does what is due: takes a lease, renews it or publishes a change. */
  Turn act() throws InterruptedException {
    if (due().filter(at -> at - pace.now() <= 0).isEmpty()) {
      return Turn.DONE;
    }
    try {
      Turn turn = tenure.present().isPresent() ? renew(tenure.present().get()) : take();
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
    return hold(writer.overwrite(lease.entry(), lease.subnets(), attributes()), List.of());
  }

  private Turn take() throws InterruptedException {
    tenure.held().ifPresent(this::loseIfTaken);
    Acquisition.Self self = new Acquisition.Self(attributes(), former, tenure.running());
    return switch (Acquisition.choose(request.config(), snapshot.keys(), self, pace.random())) {
      case Acquisition.Choice.None none -> {
        attempts.failed(none.reason());
        yield Turn.DONE;
      }
      case Acquisition.Choice.Reuse reuse -> {
        mayMoveTo(reuse.subnets());
        yield hold(
            writer.overwrite(reuse.entry(), reuse.subnets(), attributes()), reuse.replaced());
      }
      case Acquisition.Choice.Create create -> {
        Subnets subnets = create.subnets();
        mayMoveTo(subnets);
        former = new Wish(subnets.v4(), subnets.v6()); // ours perhaps, even without an answer
        yield hold(writer.create(subnets, attributes()), create.replaced());
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
    return OwnKey.read(
        entry, lease.attributes(), writer.unanswered(), attributes(), writer.form(), identity());
  }

  /** Ends the daemon, if so wanted, before another subnet is taken. */
  private void mayMoveTo(Subnets chosen) {
    Optional<Subnets> running = tenure.running();
    if (request.onLost() == OnLeaseLost.EXIT
        && running.filter(before -> !before.equals(chosen)).isPresent()) {
      throw new LeaseLostException(
          "subnet %s is not free any more, %s would be".formatted(running.get(), chosen));
    }
  }

  /** Others of ours go only now: a node must not be without any lease (ODD-46). */
  private Turn hold(Optional<HeldLease> granted, List<Entry> replaced) throws InterruptedException {
    if (granted.isEmpty()) {
      return Turn.CONFLICT;
    }
    HeldLease lease = granted.get();
    if (tenure.present().isEmpty()) {
      String kind = lease.entry().reservation() ? "a reservation" : "leased";
      LOG.log(Level.INFO, "holding subnet {0} ({1})", lease.subnets(), kind);
    }
    tenure.granted(lease);
    snapshot.wrote(lease.entry());
    snapshot.rejudge();
    attempts.succeeded();
    writer.delete(replaced).forEach(entry -> snapshot.removed(entry.name()));
    return Turn.DONE;
  }

  /** The store was replaced: nothing in it is known to be ours, whatever it looks like (ODD-62). */
  void distrust() {
    tenure.vanished();
    attempts.hurry();
  }

  /** Whether our key is older in a listing than when we wrote it: from a backup. */
  boolean isOlderIn(Registry.Listing listing) {
    return tenure
        .present()
        .filter(lease ->
            listing.entries().stream()
                .anyMatch(entry ->
                    entry.name().equals(lease.entry().name())
                        && entry.modRevision() < lease.entry().modRevision()))
        .isPresent();
  }

  /** A key was deleted: the one we wait for, perhaps. */
  void freed() {
    if (tenure.held().isEmpty()) {
      attempts.hurry();
    }
  }

  /**
   * Compares the own key as it is in the store with what we hold.
   *
   * @throws LeaseLostException if another node has it and that is to end the daemon
   */
  void observe() {
    if (tenure.present().isEmpty()) {
      return;
    }
    HeldLease lease = tenure.present().get();
    Optional<Entry> entry = snapshot.entry(lease.entry().name());
    if (entry.isEmpty()) {
      foreign.failed("own key", "own key %s was deleted or has expired".formatted(key(lease)));
      tenure.vanished();
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
    if (tenure.isContested() && !(key instanceof OwnKey.Twin)) {
      LOG.log(Level.INFO, "own key {0} is no longer contested", key(lease));
      tenure.settled();
    }
    switch (key) {
      case OwnKey.Lost lost -> lost(lease, lost.owner());
      case OwnKey.Twin twin -> contest(lease, entry, twin.address());
      case OwnKey.Altered _ -> {
        foreign.failed("own key", "own key %s was written by somebody else".formatted(key(lease)));
        tenure.rewritten(lease.takenOver(entry, lease.attributes(), pace.now()));
        attempts.hurry(); // it is out of date now: act() puts it right
      }
      case OwnKey.Said _ -> {
        tenure.rewritten(lease.takenOver(entry, attributes(), pace.now()));
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
    if (!tenure.isContested()) {
      LOG.log(Level.ERROR, text);
    }
    tenure.contested(lease.takenOver(entry, lease.attributes(), pace.now()), text);
  }

  private void lost(HeldLease lease, Ip owner) {
    String text = "subnet %s was taken by %s".formatted(lease.subnets(), owner);
    if (request.onLost() == OnLeaseLost.EXIT) {
      throw new LeaseLostException(text + " (" + key(lease) + ")");
    }
    LOG.log(Level.ERROR, "{0} ({1}): taking another", text, key(lease));
    tenure.lost(text);
    snapshot.rejudge();
    attempts.hurry();
  }
}
