// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The directory's layout and its lock.
 *
 * <pre>DIR/config        the network configuration, written by people
 * DIR/id            identity of the store; a wiped directory gets a new one
 * DIR/lock          held while anything is read or written together; dies with its process
 * DIR/revision      "revision deletion": the last revision, and that of the last deletion
 * DIR/subnets/KEY   one file per lease, see {@link LeaseFile}
 * DIR/.new          a file being written, before it is renamed</pre>
 *
 * <p>A write counts the revision up first and the file second: whatever is killed in between leaves
 * a revision that nobody used.
 */
final class LocalFiles {

  /** As every call of a registry. */
  private static final Duration TIME_LIMIT = Duration.ofSeconds(5);

  private static final long PAUSE = Duration.ofMillis(1).toNanos();

  private static final Pattern REVISION = Pattern.compile("([0-9]{1,18}) ([0-9]{1,18})\n");

  /**
   * The kernel's lock belongs to the process, and Java refuses a second one within it: threads
   * queue here first. One lock per directory, kept for the life of the process.
   */
  private static final ConcurrentHashMap<Path, ReentrantLock> QUEUES = new ConcurrentHashMap<>();

  private final Path dir;
  private final Path subnets;

  /** Where the store stands. */
  record State(String id, long revision, long deletion) {}

  /** Work under the lock. */
  @FunctionalInterface
  interface Work<T> {
    T with(State state) throws IOException;
  }

  LocalFiles(Path dir) {
    this.dir = dir.toAbsolutePath().normalize();
    this.subnets = this.dir.resolve("subnets");
  }

  Path dir() {
    return dir;
  }

  Path subnets() {
    return subnets;
  }

  Path config() {
    return dir.resolve("config");
  }

  /**
   * Does work while nobody else, in this process or another, does.
   *
   * @throws StoreException if the lock is not to be had within 5 s, or on any I/O error
   */
  <T> T locked(Work<T> work) throws InterruptedException {
    long end = System.nanoTime() + TIME_LIMIT.toNanos();
    ReentrantLock queue = QUEUES.computeIfAbsent(dir, path -> new ReentrantLock(true));
    if (!queue.tryLock(TIME_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new StoreException("%s: still locked by this process after 5 s".formatted(dir));
    }
    try (Held _ = hold(end)) {
      return work.with(state());
    } catch (IOException e) {
      throw failure(e);
    } finally {
      queue.unlock();
    }
  }

  private record Held(FileChannel channel, FileLock lock) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      channel.close(); // and the lock with it
    }
  }

  private Held hold(long end) throws IOException, InterruptedException {
    Files.createDirectories(subnets);
    Path path = dir.resolve("lock");
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      // tryLock: a blocking lock would hold the carrier of a virtual thread
      for (FileLock lock = channel.tryLock(); ; lock = channel.tryLock()) {
        if (lock != null) {
          return new Held(channel, lock);
        }
        if (System.nanoTime() - end > 0) {
          throw new FileSystemException(
              path.toString(), null, "locked by another process for more than 5 s");
        }
        LockSupport.parkNanos(PAUSE);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Turns an I/O error into what the callers of a registry know. */
  StoreException failure(IOException e) throws InterruptedException {
    if (e instanceof ClosedByInterruptException) {
      Thread.interrupted(); // the exception stands for the flag
      throw new InterruptedException();
    }
    String where = e instanceof FileSystemException ? "" : dir + ": ";
    return new StoreException("local store: " + where + Reasons.of(e), e);
  }

  private State state() throws IOException {
    Optional<byte[]> id = read(dir.resolve("id"), 64);
    Matcher matcher = REVISION.matcher(text(read(dir.resolve("revision"), 64)));
    if (id.isPresent() && id.get().length > 0 && matcher.matches()) {
      return new State(
          text(id).strip(), Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
    }
    return found(text(id).strip());
  }

  /** Gives a new directory its identity, and one that lost its revision file a safe new one. */
  private State found(String id) throws IOException {
    long revision = 0;
    for (LocalLease lease : LocalLease.readAll(subnets)) {
      revision = Math.max(revision, lease.head().map(LeaseFile::modRevision).orElse(0L));
    }
    String identity = id.isEmpty() ? UUID.randomUUID().toString() : id;
    replace(dir.resolve("id"), (identity + "\n").getBytes(UTF_8));
    State state = new State(identity, revision, revision);
    writeRevision(state);
    return state;
  }

  private static String text(Optional<byte[]> bytes) {
    return bytes.map(content -> new String(content, UTF_8)).orElse("");
  }

  /** Counts one up. Without fsync: after a crash of the machine, nobody remembers a revision. */
  State next(State state) throws IOException {
    State next = new State(state.id(), state.revision() + 1, state.deletion());
    writeRevision(next);
    return next;
  }

  /** Counts one up for a deletion. */
  State nextDeletion(State state) throws IOException {
    State next = new State(state.id(), state.revision() + 1, state.revision() + 1);
    writeRevision(next);
    return next;
  }

  /** After a crash of the machine the revision may be behind the files: go up to theirs. */
  State atLeast(State state, long revision) throws IOException {
    if (state.revision() >= revision) {
      return state;
    }
    State ahead = new State(state.id(), revision, revision);
    writeRevision(ahead);
    return ahead;
  }

  private void writeRevision(State state) throws IOException {
    byte[] text = "%d %d\n".formatted(state.revision(), state.deletion()).getBytes(UTF_8);
    renamed(dir.resolve("revision"), text, false);
  }

  /**
   * Replaces a file whole: what is seen at any moment, and after a crash, is the old or the new.
   */
  void replace(Path path, byte[] content) throws IOException {
    renamed(path, content, true);
    forceDirectory(path);
  }

  private void renamed(Path path, byte[] content, boolean force) throws IOException {
    Path fresh = dir.resolve(".new");
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(content);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      if (force) {
        channel.force(true);
      }
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw new FileSystemException(path.toString(), null, "cannot write: " + e.getMessage());
    }
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
  }

  void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
    forceDirectory(path);
  }

  private void forceDirectory(Path path) throws IOException {
    Path parent = path.getParent() == null ? dir : path.getParent();
    try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** The first {@code limit} bytes of a regular file; empty if there is none. */
  static Optional<byte[]> read(Path path, int limit) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(limit, channel.size()));
      int read = 0;
      while (buffer.hasRemaining() && read >= 0) {
        read = channel.read(buffer);
      }
      byte[] content = new byte[buffer.position()];
      buffer.get(0, content);
      return Optional.of(content);
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }
}
