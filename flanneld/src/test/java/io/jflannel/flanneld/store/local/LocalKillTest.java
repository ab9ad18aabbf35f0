// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes killed at any moment while they write. */
@Timeout(120)
class LocalKillTest {

  private static final int ROUNDS = 12;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path dir;

  @Test
  void aKilledWriterLeavesAConsistentStore() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Registry registry = new LocalRegistry(dir);
    long revision = registry.list().revision();
    for (int round = 0; round < ROUNDS; round++) {
      List<Process> writers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Process writer = TestJvm.start(Writer.class, dir.toString(), "" + random.nextLong());
        writers.add(writer);
      }
      for (Process writer : writers) {
        BufferedReader lines = writer.inputReader();
        for (int line = random.nextInt(1, 60); line > 0; line--) {
          assertThat(lines.readLine()).as("seed %d", seed).isEqualTo("wrote");
        }
        assertThat(writer.waitFor(random.nextInt(3), TimeUnit.MILLISECONDS)).isFalse();
        writer.destroyForcibly().waitFor();
      }

      Listing listing = registry.list();
      assertThat(listing.revision()).as("seed %d", seed).isGreaterThan(revision);
      revision = listing.revision();
      for (Entry entry : listing.entries()) {
        assertThat(entry.problem()).as("seed %d", seed).isEmpty();
        assertThat(entry.value()).as("seed %d", seed).isEqualTo(Writer.value(entry.name()));
        assertThat(entry.modRevision()).as("seed %d", seed).isLessThanOrEqualTo(revision);
      }
      assertThat(registry.create("10.9.%d.0-24".formatted(round), "x", Expiry.NEVER))
          .isInstanceOf(Written.Done.class);
      registry.delete(registry.list().entries().getLast());
    }
    try (var left = Files.list(dir.resolve("subnets"))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(
              registry.list().entries().stream().map(Entry::name).toList());
    }
  }

  /** Creates, changes and deletes keys until it is killed. */
  static final class Writer {
    static String value(String name) {
      return name.repeat(100);
    }

    public static void main(String[] args) throws Exception {
      Registry registry = new LocalRegistry(Path.of(args[0]));
      Random random = new Random(Long.parseLong(args[1]));
      while (true) {
        String name = "10.5.%d.0-24".formatted(random.nextInt(8));
        Written created = registry.create(name, value(name), Expiry.LEASED);
        if (created instanceof Written.Conflict) {
          for (Entry entry : registry.list().entries()) {
            if (entry.name().equals(name) && random.nextBoolean()) {
              registry.update(entry, value(name), Expiry.LEASED);
            } else if (entry.name().equals(name)) {
              registry.delete(entry);
            }
          }
        }
        System.out.println("wrote");
      }
    }
  }
}
