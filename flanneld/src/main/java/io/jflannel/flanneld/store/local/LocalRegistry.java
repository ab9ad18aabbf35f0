// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.local.LocalFiles.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A registry in a directory ({@code --local-store DIR}). Expiry is by the machine's wall clock,
 * which all its daemons share. The directory is created when it is missing.
 */
public final class LocalRegistry implements Registry {

  private final LocalFiles files;
  private final InstantSource clock;
  private final LocalWatch.Notice notice;
  private volatile Optional<Optional<String>> configSeen = Optional.empty();
  private volatile Optional<Swept> listed = Optional.empty();

  public LocalRegistry(Path dir) {
    this(dir, InstantSource.system(), LocalWatch.Notice.INOTIFY);
  }

  LocalRegistry(Path dir, InstantSource clock, LocalWatch.Notice notice) {
    this.files = new LocalFiles(dir);
    this.clock = clock;
    this.notice = notice;
  }

  @Override
  public String description() {
    return "local directory " + files.dir();
  }

  @Override
  public String configKey() {
    return files.config().toString();
  }

  @Override
  public String leaseKey(String name) {
    return files.subnets().resolve(name).toString();
  }

  @Override
  public String configHint() {
    String write =
        "echo '{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}' > " + configKey();
    return Files.isDirectory(files.dir()) ? write : "mkdir -p " + files.dir() + " && " + write;
  }

  @Override
  public Optional<String> config() throws InterruptedException {
    Optional<String> text = readConfig(files);
    configSeen = Optional.of(text);
    return text;
  }

  static Optional<String> readConfig(LocalFiles files) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (Files.exists(files.config(), NOFOLLOW_LINKS)
        && !Files.isRegularFile(files.config(), NOFOLLOW_LINKS)) {
      throw new StoreException("local store: " + files.config() + " must be a regular file");
    }
    try {
      return LocalFiles.read(files.config(), LARGEST_VALUE).map(bytes -> new String(bytes, UTF_8));
    } catch (IOException e) {
      throw files.failure(e);
    }
  }

  @Override
  public Listing list() throws InterruptedException {
    return files.locked(state -> {
      Instant now = clock.instant();
      Swept swept = sweep(files, state, now);
      listed = Optional.of(swept);
      return new Listing(
          swept.state().id(),
          swept.state().revision(),
          swept.leases().stream()
              .map(lease -> lease.entry(swept.state().revision(), now))
              .toList());
    });
  }

  /** What is left after the expired files were removed. */
  record Swept(State state, List<LocalLease> leases) {}

  /** Reads all leases and removes the expired ones. Under the lock. */
  static Swept sweep(LocalFiles files, State before, Instant now) throws IOException {
    State state = before;
    List<LocalLease> alive = new ArrayList<>();
    for (LocalLease lease : LocalLease.readAll(files.subnets())) {
      state = files.atLeast(state, lease.head().map(LeaseFile::modRevision).orElse(0L));
      if (lease.isExpired(now)) {
        state = files.nextDeletion(state);
        files.delete(files.subnets().resolve(lease.name()));
      } else {
        alive.add(lease);
      }
    }
    return new Swept(state, alive);
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    Path path = files.subnets().resolve(name);
    return files.locked(state -> {
      Optional<LocalLease> there = LocalLease.read(path);
      boolean free = there.isPresent() ? isExpired(there.get()) : !LocalLease.exists(path);
      if (!free) {
        return new Written.Conflict();
      }
      return write(path, value, expiry, Optional.empty(), state);
    });
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    Path path = files.subnets().resolve(current.name());
    return files.locked(state -> {
      Optional<LocalLease> there =
          LocalLease.read(path).filter(lease -> isUnchanged(lease, current));
      return there.isPresent() && !isExpired(there.get())
          ? write(path, value, expiry, there, state)
          : new Written.Conflict();
    });
  }

  private boolean isExpired(LocalLease lease) {
    return lease.isExpired(clock.instant());
  }

  /** A file without a head has no revision: it is unchanged as long as it has none. */
  private static boolean isUnchanged(LocalLease lease, Entry read) {
    return lease
        .head()
        .map(head -> head.modRevision() == read.modRevision())
        .orElse(read.problem().isPresent());
  }

  private Written write(
      Path path, String value, Expiry expiry, Optional<LocalLease> replaced, State state)
      throws IOException {
    Instant now = clock.instant();
    State next = files.next(state);
    LeaseFile head =
        new LeaseFile(
            replaced
                .flatMap(LocalLease::head)
                .map(LeaseFile::createRevision)
                .orElse(next.revision()),
            next.revision(),
            expiry == Expiry.LEASED ? Optional.of(now.plus(LEASE_TIME)) : Optional.empty(),
            value.getBytes(UTF_8).length);
    files.replace(path, head.with(value.getBytes(UTF_8)));
    LocalLease lease =
        new LocalLease(
            String.valueOf(path.getFileName()), Optional.of(head), value, Optional.empty());
    Entry entry = lease.entry(next.revision(), now);
    return new Written.Done(entry, entry.timeLeft());
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    Path path = files.subnets().resolve(current.name());
    boolean deleted =
        files.locked(state -> {
          boolean same =
              LocalLease.read(path).filter(lease -> isUnchanged(lease, current)).isPresent();
          if (same) {
            files.nextDeletion(state);
            files.delete(path);
          }
          return same;
        });
    LOG.log(System.Logger.Level.DEBUG, () -> "delete " + path + ": " + deleted);
  }

  private static final System.Logger LOG = System.getLogger(LocalRegistry.class.getName());

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    try (LocalWatch watch = new LocalWatch(files, clock, notice, sink)) {
      return watch.run(revision, listed, configSeen);
    } catch (StoreException e) {
      return new WatchEnd(String.valueOf(e.getMessage()));
    }
  }

  /** Nothing stays open between calls. */
  @Override
  public void close() {}
}
