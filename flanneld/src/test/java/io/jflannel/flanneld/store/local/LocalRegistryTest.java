// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LocalRegistryTest {

  private static final String KEY = "10.5.1.0-24";
  private static final String VALUE = "{\"PublicIP\":\"192.0.2.1\",\"PublicIPv6\":null}";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path dir;

  private Registry open() {
    return new LocalRegistry(dir);
  }

  private Path file(String name) {
    return dir.resolve("subnets").resolve(name);
  }

  private static Entry created(Registry registry, String name) throws InterruptedException {
    return ((Written.Done) registry.create(name, VALUE, Expiry.LEASED)).entry();
  }

  @Test
  void aLeaseIsOneReadableFile() throws Exception {
    Entry entry = ((Written.Done) open().create(KEY, VALUE, Expiry.NEVER)).entry();
    assertThat(Files.readString(file(KEY)))
        .isEqualTo(
            "jflannel-lease create=%d mod=%d expires=never bytes=%d\n%s"
                .formatted(entry.createRevision(), entry.modRevision(), VALUE.length(), VALUE));
    try (var files = Files.list(dir)) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("id", "lock", "revision", "subnets");
    }
  }

  @Test
  void identityAndContentSurviveARestart() throws Exception {
    Entry entry = created(open(), KEY);
    Listing first = open().list();
    assertThat(open().list().storeId()).isEqualTo(first.storeId());
    assertThat(open().list().entries().getFirst().modRevision()).isEqualTo(entry.modRevision());
  }

  @Test
  void expiredLeasesAreGoneForReadersAndFromTheDisk() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    LocalRegistry registry = new LocalRegistry(dir, now::get, LocalWatch.Notice.INOTIFY);
    created(registry, KEY);
    registry.create("10.5.2.0-24", VALUE, Expiry.NEVER);
    assertThat(registry.list().entries().getFirst().timeLeft().orElseThrow())
        .isBetween(Registry.LEASE_TIME.minusMillis(1), Registry.LEASE_TIME);

    now.updateAndGet(time -> time.plus(Registry.LEASE_TIME).minusSeconds(1));
    assertThat(registry.list().entries()).hasSize(2);
    now.updateAndGet(time -> time.plusSeconds(2));
    assertThat(registry.list().entries()).extracting(Entry::name).containsExactly("10.5.2.0-24");
    assertThat(file(KEY)).doesNotExist();
  }

  @Test
  void anExpiredLeaseCanBeCreatedAndNotUpdated() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    LocalRegistry registry = new LocalRegistry(dir, now::get, LocalWatch.Notice.INOTIFY);
    Entry old = created(registry, KEY);
    now.updateAndGet(time -> time.plus(Registry.LEASE_TIME).plusSeconds(1));

    assertThat(registry.update(old, VALUE, Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    assertThat(created(registry, KEY).createRevision()).isGreaterThan(old.createRevision());
  }

  @Test
  void foreignAndHalfFilesAreNamed() throws Exception {
    Registry registry = open();
    created(registry, KEY);
    created(registry, "10.5.2.0-24");
    byte[] whole = Files.readAllBytes(file(KEY));
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(KEY), Arrays.copyOf(whole, length));
      List<Entry> entries = registry.list().entries();
      assertThat(entries).hasSize(2);
      assertThat(entries.getFirst().problem().orElse("")).contains(file(KEY).toString());
      assertThat(entries.getLast().problem()).isEmpty();
    }
    Files.writeString(file("10.5.3.0-24"), "{\"PublicIP\":\"192.0.2.7\"}");
    assertThat(registry.list().entries().getLast().problem().orElse(""))
        .isEqualTo(file("10.5.3.0-24") + " is not a lease's file");
    assertThat(registry.create("10.5.3.0-24", VALUE, Expiry.LEASED))
        .isInstanceOf(Written.Conflict.class);
  }

  @Test
  void aBadFileCanBeWrittenOverByWhoeverReadIt() throws Exception {
    Registry registry = open();
    created(registry, KEY);
    Files.writeString(file(KEY), "garbage");
    Entry bad = registry.list().entries().getFirst();
    assertThat(registry.update(bad, VALUE, Expiry.LEASED)).isInstanceOf(Written.Done.class);
    assertThat(registry.list().entries().getFirst().value()).isEqualTo(VALUE);
  }

  @Test
  void directoriesLinksAndOtherThingsAreNoLeases() throws Exception {
    Registry registry = open();
    registry.list();
    Files.createDirectory(file("10.5.2.0-24"));
    Files.createSymbolicLink(file("10.5.3.0-24"), Path.of("/etc/passwd"));
    assertThat(registry.list().entries()).isEmpty();
    assertThat(registry.create("10.5.3.0-24", VALUE, Expiry.LEASED))
        .isInstanceOf(Written.Conflict.class);
  }

  @Test
  void aLostOrBrokenRevisionFileIsMadeAnew() throws Exception {
    Registry registry = open();
    created(registry, KEY);
    Entry last = created(registry, "10.5.2.0-24");
    for (String broken : List.of("", "x", "1", "-1 -1\n", "99999999999999999999 0\n")) {
      Files.writeString(dir.resolve("revision"), broken);
      assertThat(registry.list().revision()).isGreaterThanOrEqualTo(last.modRevision());
      Files.delete(dir.resolve("revision"));
      assertThat(registry.list().revision()).isGreaterThanOrEqualTo(last.modRevision());
    }
    Files.writeString(dir.resolve("revision"), "1 0\n"); // after a power failure
    assertThat(registry.list().revision()).isGreaterThanOrEqualTo(last.modRevision());
    assertThat(created(registry, "10.5.3.0-24").modRevision()).isGreaterThan(last.modRevision());
  }

  @Test
  void aLeftOverOfAKilledWriterDoesNotDisturb() throws Exception {
    Registry registry = open();
    registry.list();
    Files.writeString(dir.resolve(".new"), "half a file that is longer than what is written next");
    created(registry, KEY);
    assertThat(registry.list().entries().getFirst().value()).isEqualTo(VALUE);
  }

  @Test
  void aFileInTheWayOfTheDirectoryIsNamed() throws Exception {
    Path file = Files.writeString(dir.resolve("file"), "x");
    Files.createDirectory(dir.resolve("config"));
    assertThatThrownBy(() -> new LocalRegistry(dir).config())
        .isInstanceOf(StoreException.class)
        .hasMessage("local store: " + dir.resolve("config") + " must be a regular file");
    assertThatThrownBy(() -> new LocalRegistry(file).list())
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file.toString());
    assertThatThrownBy(() -> new LocalRegistry(file.resolve("below")).list())
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void aForeignLockIsWaitedForAndThenReported() throws Exception {
    Registry registry = open();
    registry.list();
    Process holder = LockHolder.start(dir.resolve("lock"));
    try {
      long start = System.nanoTime();
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(dir.resolve("lock").toString())
          .hasMessageContaining("locked by another process");
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(7));
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(registry.list().entries()).isEmpty();
  }

  @Test
  void anInterruptEndsWaitingForTheLock() throws Exception {
    Registry registry = open();
    registry.list();
    Process holder = LockHolder.start(dir.resolve("lock"));
    try {
      AtomicReference<Optional<Throwable>> outcome = new AtomicReference<>(Optional.empty());
      Thread thread =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  registry.list();
                } catch (InterruptedException | StoreException e) {
                  outcome.set(Optional.of(e));
                }
              });
      thread.interrupt();
      assertThat(thread.join(Duration.ofSeconds(3))).isTrue();
      assertThat(outcome.get()).get().isInstanceOf(InterruptedException.class);
    } finally {
      holder.destroyForcibly().waitFor();
    }
  }

  /** Holds a lock in a process of its own until it is killed. */
  static final class LockHolder {
    static Process start(Path lock) throws IOException {
      Process process = TestJvm.start(LockHolder.class, lock.toString());
      int ready = process.getInputStream().read();
      assertThat(ready).isEqualTo('r');
      return process;
    }

    public static void main(String[] args) throws Exception {
      try (FileChannel channel = FileChannel.open(Path.of(args[0]), StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        System.out.print(lock.isValid() ? "r" : "n");
        System.out.flush();
        System.out.write(System.in.read());
      }
    }
  }

  @Test
  void withoutInotifyTheDirectoryIsPolled() throws Exception {
    LocalRegistry registry =
        new LocalRegistry(dir, InstantSource.system(), LocalWatch.Notice.POLLING);
    Entry old = created(registry, KEY);
    LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
    long revision = registry.list().revision();
    Thread watch = Thread.ofVirtual().start(() -> watch(registry, revision, seen));
    try {
      assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("alive");
      created(open(), "10.5.2.0-24");
      assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("put 10.5.2.0-24");
      open().delete(old);
      assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("deleted " + KEY);
    } finally {
      watch.interrupt();
      watch.join();
    }
  }

  private static void watch(
      LocalRegistry registry, long revision, LinkedBlockingQueue<String> seen) {
    try {
      registry.watch(revision, new Texts(seen));
    } catch (InterruptedException end) {
      seen.add("interrupted");
    }
  }

  /** What happens, and the first sign of life. */
  private record Texts(LinkedBlockingQueue<String> seen) implements Registry.Sink {
    @Override
    public void alive(long revision) {
      if (seen.isEmpty() && revision == 1) {
        seen.add("alive");
      }
    }

    @Override
    public void put(Entry entry) {
      seen.add("put " + entry.name());
    }

    @Override
    public void deleted(String name, long revision) {
      seen.add("deleted " + name);
    }

    @Override
    public void config(Optional<String> text) {
      seen.add("config");
    }
  }

  @Test
  void theValueIsCountedInBytes() throws Exception {
    String value = "\u20ac\ud83d\ude00";
    open().create(KEY, value, Expiry.LEASED);
    assertThat(open().list().entries().getFirst().value()).isEqualTo(value);
    assertThat(Files.readString(file(KEY), UTF_8)).contains("bytes=7\n");
  }
}
