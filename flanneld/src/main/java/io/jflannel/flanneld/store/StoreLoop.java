// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.LeaseFold.Folded;
import io.jflannel.flanneld.lease.Refusal;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.StoreView.Contact;
import io.jflannel.flanneld.log.RateLimitedLog;
import io.jflannel.flanneld.store.Registry.Listing;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The loop of a store's one owner thread: lists, has the watch run from there, takes events over,
 * lets the own lease be kept, and publishes what came out. After every interruption of the watch it
 * lists again and compares (ODD-61).
 */
final class StoreLoop {

  private static final System.Logger LOG = System.getLogger(RegistryStore.class.getName());

  /** A burst of events is judged in portions: judging takes at most a fifth of the time. */
  private static final int FOLD_SHARE = 4;

  private final Registry registry;
  private final NetworkConfig config;
  private final Function<String, NetworkConfig> parser;
  private final Pace pace;
  private final BlockingQueue<StoreEvent> events;
  private final BlockingQueue<Long> watchFrom;
  private final Latest<StoreView> views;
  private final Snapshot snapshot;
  private final OwnLeaseKeeper own;
  private final RateLimitedLog problems;
  private final Streak outage;

  private boolean listed;
  private boolean mustList = true;
  private boolean watching;
  private boolean alive;
  private String storeId = "";
  private long highest;
  private long watched;
  private long listAt;
  private long watchStart;
  private long distrustUntil;
  private long foldAt;
  private Optional<Long> configAt = Optional.empty();
  private Backoff backoff;
  private Folded folded = Folded.NONE;
  private Contact contact;
  private Optional<String> restartNeeded = Optional.empty();
  private Optional<StoreView> published = Optional.empty();

  StoreLoop(
      Registry registry,
      NetworkConfig config,
      Function<String, NetworkConfig> parser,
      Pace pace,
      BlockingQueue<StoreEvent> events,
      BlockingQueue<Long> watchFrom,
      Latest<StoreView> views,
      Snapshot snapshot,
      OwnLeaseKeeper own) {
    this.registry = registry;
    this.config = config;
    this.parser = parser;
    this.pace = pace;
    this.events = events;
    this.watchFrom = watchFrom;
    this.views = views;
    this.snapshot = snapshot;
    this.own = own;
    this.problems = new RateLimitedLog(LOG, pace::now);
    this.outage = new Streak(pace);
    this.backoff = pace.relist();
    long now = pace.now();
    this.listAt = now;
    this.distrustUntil = now;
    this.foldAt = now;
    this.contact = new Contact(false, pace.wall().instant(), "not asked yet");
  }

  void run() throws InterruptedException {
    while (true) {
      takeEvents();
      if (mustList && isDue(listAt)) {
        list();
      }
      if (configAt.filter(this::isDue).isPresent()) {
        readConfig();
      }
      if (listed && !mustList && own.act() == OwnLeaseKeeper.Turn.CONFLICT) {
        mustList = true;
        listAt = own.due().orElse(pace.now());
      }
      publish();
    }
  }

  private boolean isDue(long at) {
    return at - pace.now() <= 0;
  }

  private void takeEvents() throws InterruptedException {
    Optional<Long> due = nextDue();
    StoreEvent event =
        due.isPresent()
            ? events.poll(Math.max(0, due.get() - pace.now()), TimeUnit.NANOSECONDS)
            : events.take();
    for (int taken = 1; event != null; taken++) {
      take(event);
      event = taken < RegistryStore.EVENTS ? events.poll() : null;
    }
  }

  private Optional<Long> nextDue() {
    Optional<Long> next = mustList ? Optional.of(listAt) : own.due();
    next = earlier(next, own.expiresAt());
    next = earlier(next, configAt);
    if (!isDue(distrustUntil)) {
      next = earlier(next, Optional.of(distrustUntil));
    }
    return canFold() ? earlier(next, Optional.of(foldAt)) : next;
  }

  private static Optional<Long> earlier(Optional<Long> one, Optional<Long> other) {
    return one.isPresent() && (other.isEmpty() || one.get() - other.get() < 0) ? one : other;
  }

  private void take(StoreEvent event) {
    switch (event) {
      case StoreEvent.Alive sign -> isAlive(sign.revision());
      case StoreEvent.Put put -> {
        sawRevision(put.entry().modRevision());
        if (snapshot.put(put.entry())) {
          own.observe();
        }
      }
      case StoreEvent.Deleted deleted -> {
        sawRevision(deleted.revision());
        if (snapshot.delete(deleted.name(), deleted.revision())) {
          own.observe();
          own.freed();
        }
      }
      case StoreEvent.ConfigText changed -> compareConfig(changed.text());
      case StoreEvent.WatchEnded ended -> watchEnded(ended.reason());
      case StoreEvent.Attributes newer -> own.want(newer.attributes());
    }
  }

  private void sawRevision(long revision) {
    watched = Math.max(watched, revision);
    highest = Math.max(highest, revision);
  }

  /**
   * A watch never goes back. A listing may well be ahead of it for good: on a store that others use
   * too, most revisions are of keys that are not watched.
   */
  private void isAlive(long revision) {
    alive = true;
    if (revision < watched) {
      mustList = true; // another store answers (ODD-62)
      listAt = pace.now();
      watched = revision;
      return;
    }
    sawRevision(revision);
    if (!contact.connected()) {
      contact = new Contact(true, pace.wall().instant(), "");
      outage.end();
      LOG.log(Level.INFO, "watching {0}", registry.description());
    }
  }

  /** A watch may end now and then; one that ends before it lived is a broken contact. */
  private void watchEnded(String reason) {
    watching = false;
    mustList = true;
    if (pace.now() - watchStart > pace.relist().longest().toNanos()) {
      backoff = pace.relist();
    }
    if (!alive) {
      disconnected(reason);
    }
    listAt = pace.after(backoff);
    backoff = backoff.next();
    LOG.log(Level.DEBUG, "the watch ended: {0}", reason);
  }

  private void disconnected(String reason) {
    if (outage.failed(reason)) {
      LOG.log(Level.WARNING, "no contact with {0}: {1}", registry.description(), reason);
    }
    boolean was = contact.connected();
    contact = new Contact(false, was ? pace.wall().instant() : contact.since(), reason);
  }

  private void list() throws InterruptedException {
    Listing listing;
    try {
      listing = registry.list();
    } catch (StoreException e) {
      disconnected(String.valueOf(e.getMessage())); // ODD-33
      if (!isDue(distrustUntil)) {
        distrustUntil = pace.now() + pace.distrust().toNanos(); // owners cannot register either
      }
      listAt = pace.after(backoff);
      backoff = backoff.next();
      return;
    }
    boolean replaced = isReplaced(listing);
    snapshot.list(listing);
    storeId = listing.storeId();
    highest = listing.revision();
    listed = true;
    mustList = false;
    if (replaced) {
      distrustUntil = pace.now() + pace.distrust().toNanos();
      LOG.log(Level.WARNING, "{0} was replaced by another store", registry.description());
      own.distrust();
    } else {
      own.observe();
    }
    readConfig();
    if (!watching) {
      watching = true;
      alive = false;
      watchStart = pace.now();
      watched = listing.revision();
      watchFrom.add(listing.revision());
    }
  }

  private boolean isReplaced(Listing listing) {
    return listed
        && (!listing.storeId().equals(storeId)
            || listing.revision() < highest
            || own.isOlderIn(listing));
  }

  /** One that cannot be read must not keep us from the leases; it is tried again. */
  private void readConfig() throws InterruptedException {
    try {
      compareConfig(registry.config());
      configAt = Optional.empty();
    } catch (StoreException e) {
      needsRestart(
          Optional.of(
              "%s cannot be read, a restart would wait for it: %s"
                  .formatted(registry.configKey(), e.getMessage())));
      configAt = Optional.of(pace.now() + pace.relist().longest().toNanos());
    }
  }

  private void compareConfig(Optional<String> text) {
    needsRestart(ConfigWatch.restartNeeded(config, text, parser, registry.configKey()));
  }

  private void needsRestart(Optional<String> reason) {
    Optional<String> before = restartNeeded;
    restartNeeded = reason;
    if (!restartNeeded.equals(before)) {
      LOG.log(
          Level.WARNING,
          restartNeeded.orElse(registry.configKey() + " says again what this daemon runs with"));
    }
  }

  private void publish() {
    fold();
    StoreView view =
        new StoreView(
            own.view(),
            folded.peers(),
            folded.refused(),
            folded.kept(),
            listed && isDue(distrustUntil),
            contact.connected() && !own.trouble().isEmpty()
                ? new Contact(true, contact.since(), own.trouble())
                : contact,
            restartNeeded);
    if (!published.equals(Optional.of(view))) {
      views.put(view);
    }
    published = Optional.of(view); // with the same lists, that the next one is compared at a glance
  }

  private boolean canFold() {
    return listed && own.hasAttributes() && snapshot.isChanged();
  }

  private void fold() {
    if (!canFold() || !isDue(foldAt)) {
      return;
    }
    long start = pace.now();
    List<Refusal> before = folded.refused();
    folded = snapshot.fold(own.rules());
    long end = pace.now();
    foldAt = end + FOLD_SHARE * (end - start);
    if (!folded.refused().equals(before)) {
      tell(folded.refused());
    }
  }

  private void tell(List<Refusal> refused) {
    if (refused.isEmpty()) {
      problems.recovered("refused", "no key of the store is refused any more");
    } else {
      Refusal first = refused.getFirst();
      problems.failed(
          "refused",
          "%d keys of the store are refused, the status lists them; the first: %s: %s"
              .formatted(refused.size(), first.key(), first.reason()));
    }
  }
}
