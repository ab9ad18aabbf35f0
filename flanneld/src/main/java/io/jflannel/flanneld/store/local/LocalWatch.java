// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Sink;
import io.jflannel.flanneld.store.Registry.WatchEnd;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.local.LocalFiles.State;
import io.jflannel.flanneld.store.local.LocalRegistry.Swept;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Watches the directory by reading it again whenever inotify says that something happened, and
 * comparing. Files that were removed or put there by hand count as changes too: the watch gives
 * them a revision. Without inotify (its instances are limited per user) it reads twice a second.
 */
final class LocalWatch implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LocalWatch.class.getName());
  private static final Duration WITH_INOTIFY = Duration.ofSeconds(2);
  private static final Duration BY_POLLING = Duration.ofMillis(500);

  private final LocalFiles files;
  private final InstantSource clock;
  private final Sink sink;
  private final Optional<WatchService> inotify;

  private Map<String, LocalLease> known = new HashMap<>();
  private Optional<String> config = Optional.empty();
  private State last = new State("", 0, 0);

  /** How the watch learns that something happened. */
  enum Notice {
    /** From the kernel, or by polling where that fails. */
    INOTIFY,
    POLLING
  }

  LocalWatch(LocalFiles files, InstantSource clock, Notice notice, Sink sink)
      throws InterruptedException {
    this.files = files;
    this.clock = clock;
    this.sink = sink;
    this.inotify = notice == Notice.INOTIFY ? inotify(files) : Optional.empty();
  }

  private static Optional<WatchService> inotify(LocalFiles files) throws InterruptedException {
    files.locked(State::revision); // creates the directories
    WatchService service;
    try {
      service = files.dir().getFileSystem().newWatchService();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.INFO, "no inotify, reading twice a second: " + e.getMessage());
      return Optional.empty();
    }
    try {
      for (Path path : List.of(files.dir(), files.subnets())) {
        path.register(
            service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
      }
      return Optional.of(service);
    } catch (IOException e) {
      closed(service);
      LOG.log(System.Logger.Level.INFO, "no inotify, reading twice a second: " + e.getMessage());
      return Optional.empty();
    }
  }

  private static void closed(WatchService service) {
    try {
      service.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "closing inotify: " + e.getMessage());
    }
  }

  /**
   * Watches until the store is another one.
   *
   * @param listed what this client listed last: if that was at {@code revision}, nothing that
   *     happened since is missed, not even what was done by hand
   * @param configSeen the configuration this client read last
   */
  WatchEnd run(long revision, Optional<Swept> listed, Optional<Optional<String>> configSeen)
      throws InterruptedException {
    config = configSeen.isPresent() ? configSeen.get() : readConfig();
    Optional<Swept> same = listed.filter(swept -> swept.state().revision() == revision);
    Swept base = same.isPresent() ? same.get() : scan();
    if (base.state().revision() < revision || base.state().deletion() > revision) {
      return new WatchEnd(files.dir() + ": what happened behind " + revision + " is not known");
    }
    last = new State(base.state().id(), revision, base.state().deletion());
    base.leases().stream()
        .filter(lease -> lease.head().filter(head -> head.modRevision() > revision).isEmpty())
        .forEach(lease -> known.put(lease.name(), lease));
    while (true) {
      Optional<WatchEnd> end = look();
      if (end.isPresent()) {
        return end.get();
      }
      await();
    }
  }

  private Swept scan() throws InterruptedException {
    return files.locked(state -> LocalRegistry.sweep(files, state, clock.instant()));
  }

  private void remember(List<LocalLease> leases) {
    known = new HashMap<>();
    leases.forEach(lease -> known.put(lease.name(), lease));
  }

  /** Something for the sink. */
  private interface Telling {
    void tell() throws InterruptedException;
  }

  private void deliver(List<Entry> entries) throws InterruptedException {
    entries.sort(Comparator.comparingLong(Entry::modRevision));
    for (Entry entry : entries) {
      sink.put(entry);
    }
  }

  /** Waits for a change, for the next expiry, or for the time to look anyhow. */
  private void await() throws InterruptedException {
    Duration limit = inotify.isPresent() ? WITH_INOTIFY : BY_POLLING;
    Instant now = clock.instant();
    for (LocalLease lease : known.values()) {
      Optional<Instant> expires = lease.head().flatMap(LeaseFile::expires);
      if (expires.isPresent() && expires.get().isBefore(now.plus(limit))) {
        limit = Duration.between(now, expires.get()).plusMillis(1);
      }
    }
    long nanos = Math.max(limit.toNanos(), 0);
    if (inotify.isEmpty()) {
      Thread.sleep(Duration.ofNanos(nanos));
      return;
    }
    WatchKey key = inotify.get().poll(nanos, TimeUnit.NANOSECONDS);
    while (key != null) {
      key.pollEvents();
      key.reset();
      key = inotify.get().poll();
    }
  }

  /** One that cannot be read is shown as one that cannot be parsed, as of etcd. */
  private Optional<String> readConfig() throws InterruptedException {
    try {
      return LocalRegistry.readConfig(files);
    } catch (StoreException e) {
      return Optional.of("");
    }
  }

  private Optional<WatchEnd> look() throws InterruptedException {
    Optional<String> text = readConfig();
    List<Telling> events = new ArrayList<>();
    State before = last;
    last = files.locked(state -> compared(state, events));
    if (!last.id().equals(before.id()) || last.revision() < before.revision()) {
      return Optional.of(new WatchEnd(files.dir() + " was replaced by another store"));
    }
    if (!text.equals(config)) {
      config = text;
      sink.config(text);
    }
    for (Telling event : events) {
      event.tell();
    }
    sink.alive(last.revision());
    return Optional.empty();
  }

  /** Reads all and collects what differs from what is known. Under the lock. */
  private State compared(State state, List<Telling> events) throws IOException {
    Instant now = clock.instant();
    if (!state.id().equals(last.id())) {
      return state;
    }
    Swept swept = LocalRegistry.sweep(files, state, now);
    State at = swept.state();
    Map<String, LocalLease> gone = new HashMap<>(known);
    List<Entry> puts = new ArrayList<>();
    for (LocalLease lease : swept.leases()) {
      LocalLease before = gone.remove(lease.name());
      if (before == null || !before.isSameWriteAs(lease)) {
        at = isExplained(lease) ? at : files.next(at);
        puts.add(entry(lease, at, now));
      }
    }
    if (!gone.isEmpty() && at.deletion() <= last.revision()) {
      at = files.nextDeletion(at); // removed by hand
    }
    long deletion = at.deletion();
    gone.keySet().forEach(name -> events.add(() -> sink.deleted(name, deletion)));
    events.add(() -> deliver(puts));
    remember(swept.leases());
    return at;
  }

  /**
   * Whether a new file carries a revision behind the last one seen: else it is no write of ours.
   */
  private boolean isExplained(LocalLease lease) {
    return lease.head().filter(head -> head.modRevision() > last.revision()).isPresent();
  }

  private Entry entry(LocalLease lease, State at, Instant now) {
    Entry entry = lease.entry(at.revision(), now);
    return isExplained(lease)
        ? entry
        : new Entry(
            entry.name(),
            entry.value(),
            entry.problem(),
            entry.createRevision(),
            at.revision(),
            entry.leaseId(),
            entry.reservation(),
            entry.timeLeft());
  }

  @Override
  public void close() {
    inotify.ifPresent(LocalWatch::closed);
  }
}
