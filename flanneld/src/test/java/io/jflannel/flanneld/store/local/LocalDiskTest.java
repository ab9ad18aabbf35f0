// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On a file system of 64 KiB that can be filled up and made read-only. */
@Timeout(60)
class LocalDiskTest {

  @SuppressWarnings("NullAway.Init")
  private Path mount;

  private boolean mounted;

  @BeforeEach
  void mountSmallFileSystem() throws Exception {
    mount = Files.createTempDirectory("jflannel-disk-");
    mounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "jflannel-test", mount.toString()) == 0;
    assertThat(mounted || System.getenv("REQUIRE_ALL") == null)
        .as("REQUIRE_ALL is set, and a tmpfs cannot be mounted")
        .isTrue();
    assumeTrue(mounted, "skipped: a tmpfs cannot be mounted here (needs root)");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", mount.toString())).isZero();
    }
    Files.delete(mount);
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Test
  void aFullDiskIsAClearErrorAndLosesNothing() throws Exception {
    Registry registry = new LocalRegistry(mount.resolve("store"));
    Entry entry = ((Written.Done) registry.create("10.5.1.0-24", "old", Expiry.LEASED)).entry();
    Path filler = mount.resolve("filler");
    int filled = run("dd", "if=/dev/zero", "of=" + filler, "bs=4096", "count=64");
    assertThat(filled).as("dd fills the file system").isNotZero();

    assertThatThrownBy(() -> registry.create("10.5.2.0-24", "x", Expiry.LEASED))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("No space left on device")
        .hasMessageContaining(mount.toString());
    assertThatThrownBy(() -> registry.update(entry, "new", Expiry.LEASED))
        .isInstanceOf(StoreException.class);
    assertThat(registry.list().entries()).extracting(Entry::value).containsExactly("old");

    Files.delete(filler);
    assertThat(registry.update(entry, "new", Expiry.LEASED)).isInstanceOf(Written.Done.class);
    assertThat(registry.list().entries()).extracting(Entry::value).containsExactly("new");
  }

  @Test
  void aReadOnlyDirectoryIsNamed() throws Exception {
    Registry registry = new LocalRegistry(mount.resolve("store"));
    registry.create("10.5.1.0-24", "old", Expiry.LEASED);
    assertThat(run("mount", "-o", "remount,ro", mount.toString())).isZero();

    assertThatThrownBy(() -> registry.create("10.5.2.0-24", "x", Expiry.LEASED))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("Read-only file system")
        .hasMessageContaining(mount.toString());
  }
}
