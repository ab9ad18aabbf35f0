// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A directory, ill-treated with the registry's own file format. */
final class LocalStoreUnderTest implements StoreUnderTest {

  private final Path base;
  private final Path dir;
  private final Path away;
  private final LocalFiles files;

  LocalStoreUnderTest() {
    try {
      this.base = Files.createTempDirectory("jflannel-local-");
      this.dir = base.resolve("store");
      this.away = base.resolve("away");
      this.files = new LocalFiles(dir);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void doing(Work work) {
    try {
      work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  Path dir() {
    return dir;
  }

  @Override
  public Registry open() {
    return new LocalRegistry(dir);
  }

  @Override
  public void put(String name, byte[] value) {
    write(name, value, Optional.empty());
  }

  @Override
  public void put(String name, byte[] value, Duration ttl) {
    write(name, value, Optional.of(Instant.now().plus(ttl)));
  }

  private void write(String name, byte[] value, Optional<Instant> expires) {
    doing(() ->
        files.locked(state -> {
          Path path = files.subnets().resolve(name);
          Files.createDirectories(path.getParent());
          long next = files.next(state).revision();
          long created =
              LocalLease.read(path)
                  .flatMap(LocalLease::head)
                  .map(LeaseFile::createRevision)
                  .orElse(next);
          files.replace(path, new LeaseFile(created, next, expires, 0).with(value));
          return next;
        }));
  }

  @Override
  public void delete(String name) {
    doing(() -> Files.deleteIfExists(files.subnets().resolve(name)));
  }

  @Override
  public void expire(String name) {
    doing(() -> {
      String value =
          open().list().entries().stream()
              .filter(entry -> entry.name().equals(name))
              .findFirst()
              .orElseThrow()
              .value();
      put(name, value.getBytes(UTF_8), Duration.ofMillis(100));
    });
  }

  @Override
  public void config(String text) {
    doing(() -> {
      Files.createDirectories(dir);
      Files.writeString(files.config(), text);
    });
  }

  @Override
  public void deleteConfig() {
    doing(() -> Files.deleteIfExists(files.config()));
  }

  /** There is no history to forget but the revision of the last deletion. */
  @Override
  public void forget() {}

  @Override
  public void stop() {
    doing(() -> {
      Files.move(dir, away);
      Files.writeString(dir, "in the way");
    });
  }

  @Override
  public void start() {
    doing(() -> {
      Files.delete(dir);
      Files.move(away, dir);
    });
  }

  @Override
  public void replace() {
    doing(() -> Files.move(dir, away)); // in one step: a watch may be writing
    wipe(away);
  }

  private static void wipe(Path root) {
    doing(() -> {
      List<Path> paths;
      try (Stream<Path> walk = Files.walk(root)) {
        paths = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : paths) {
        Files.deleteIfExists(path);
      }
    });
  }

  @Override
  public void close() {
    wipe(base);
  }
}
