// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SF-4 and the lock beside the file. */
class SubnetFileTest {

  private static final String TEXT = "FLANNEL_MTU=1450\n";

  @TempDir Path directory;
  private Path beside;
  private Path path;
  private Path temporary;

  @BeforeEach
  void place() throws IOException {
    beside = directory.resolve("run/flannel");
    path = beside.resolve("subnet.env");
    temporary = Files.createDirectory(directory.resolve("tmp"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mkfifo f", "mkdir f", "truncate -s 1G f", "ln -s /dev/zero f"})
  @Timeout(60)
  void whatIsNoSubnetFileIsNotRead(String made, @TempDir Path where) throws Exception {
    Process shell = new ProcessBuilder("sh", "-ec", made).directory(where.toFile()).start();
    assertThat(shell.waitFor()).isZero();

    try (SubnetFile file = new SubnetFile(where.resolve("f"), where)) {
      assertThatThrownBy(file::read).hasMessageEndingWith("f: is no small regular file");
    }
  }

  @Test
  void aNewFileHasMode0644AndNothingIsLeftBeside() throws IOException {
    try (SubnetFile file = new SubnetFile(path, temporary)) {
      file.write(TEXT);
    }

    assertThat(path).hasContent(TEXT);
    assertThat(mode(path)).isEqualTo("rw-r--r--");
    assertThat(list(beside)).containsExactly(".subnet.env.lock", "subnet.env");
    assertThat(list(temporary)).isEmpty();
  }

  @Test
  void modesUnderAStrictUmask() throws Exception { // golden 3: file 0644, new directory 0700
    run("umask 077; exec \"$@\"", WriteOnce.class, path.toString(), temporary.toString());

    assertThat(mode(path)).isEqualTo("rw-r--r--");
    assertThat(mode(beside)).isEqualTo("rwx------");
  }

  @Test
  void anExistingFileKeepsItsMode() throws IOException {
    Files.createDirectories(beside);
    Files.writeString(path, "old\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));

    try (SubnetFile file = new SubnetFile(path, temporary)) {
      file.write(TEXT);
    }

    assertThat(path).hasContent(TEXT);
    assertThat(mode(path)).isEqualTo("rw-------");
  }

  @Test
  void aSymbolicLinkBecomesARegularFile() throws IOException {
    Files.createDirectories(beside);
    Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "untouched");
    Files.createSymbolicLink(path, elsewhere);

    try (SubnetFile file = new SubnetFile(path, temporary)) {
      file.write(TEXT);
    }

    assertThat(Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(elsewhere).hasContent("untouched");
  }

  @Test
  void aDirectoryAtThePathIsAnErrorThatLeavesNothing() throws IOException {
    Files.createDirectories(path);

    try (SubnetFile file = new SubnetFile(path, temporary)) {
      assertThatThrownBy(() -> file.write(TEXT)).isInstanceOf(IOException.class);
    }

    assertThat(list(beside)).containsExactly(".subnet.env.lock", "subnet.env");
    assertThat(list(temporary)).isEmpty();
  }

  @Test
  void anUnusableTemporaryDirectoryDoesNotMatter() throws IOException {
    try (SubnetFile file = new SubnetFile(path, directory.resolve("absent"))) {
      file.write(TEXT);
    }
    assertThat(path).hasContent(TEXT);

    Path otherDevice = Path.of("/proc");
    try (SubnetFile file = new SubnetFile(path, otherDevice)) {
      file.write("FLANNEL_MTU=1400\n");
    }
    assertThat(path).hasContent("FLANNEL_MTU=1400\n");
  }

  @Test
  void removedOrAlteredIsNoticed() throws IOException {
    try (SubnetFile file = new SubnetFile(path, temporary)) {
      file.write(TEXT);
      assertThat(file.intact(TEXT)).isTrue();

      Files.writeString(path, "FLANNEL_MTU=1\n");
      assertThat(file.intact(TEXT)).isFalse();
      file.write(TEXT);
      assertThat(path).hasContent(TEXT);

      Files.delete(path);
      assertThat(file.intact(TEXT)).isFalse();

      Files.writeString(path, TEXT); // touched, but it says the same
      assertThat(file.intact(TEXT)).isTrue();
    }
  }

  @Test
  void aFileThatSaysTheSameIsLeftAlone() throws IOException {
    Files.createDirectories(beside);
    Files.writeString(path, TEXT);
    Object inode = Files.getAttribute(path, "unix:ino");

    try (SubnetFile file = new SubnetFile(path, temporary)) {
      file.write(TEXT);
      assertThat(file.intact(TEXT)).isTrue();
    }

    assertThat(Files.getAttribute(path, "unix:ino")).isEqualTo(inode);
  }

  @Test
  void aSecondDaemonIsRefusedWithThePidOfTheFirst() throws Exception {
    Process first = start("exec \"$@\"", HoldLock.class, path.toString(), temporary.toString());
    try {
      assertThat(first.inputReader(UTF_8).readLine()).isEqualTo("locked");

      try (SubnetFile second = new SubnetFile(path, temporary)) {
        assertThatThrownBy(second::lock)
            .isInstanceOf(LockedException.class)
            .hasMessageContaining("subnet file " + path + " is in use by process " + first.pid());

        first.destroyForcibly().waitFor(); // kill -9: the lock dies with its process
        second.lock();
      }
    } finally {
      first.destroyForcibly().waitFor();
    }
  }

  @Test
  void readsBackWhatIsThere() throws IOException {
    try (SubnetFile file = new SubnetFile(path, temporary)) {
      assertThat(file.read()).isEmpty();
      file.write(TEXT);
      assertThat(file.read()).isEqualTo(Optional.of(TEXT));
    }
  }

  /** Started by {@link #modesUnderAStrictUmask}. */
  static final class WriteOnce {
    public static void main(String[] args) throws IOException {
      try (SubnetFile file = new SubnetFile(Path.of(args[0]), Path.of(args[1]))) {
        file.write(TEXT);
      }
    }
  }

  /** Started by {@link #aSecondDaemonIsRefusedWithThePidOfTheFirst}; holds on until killed. */
  static final class HoldLock {
    public static void main(String[] args) throws Exception {
      SubnetFile file = new SubnetFile(Path.of(args[0]), Path.of(args[1]));
      file.lock();
      System.out.println("locked");
      Thread.currentThread().join();
    }
  }

  private static void run(String script, Class<?> main, String... args) throws Exception {
    Process process = start(script, main, args);
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process start(String script, Class<?> main, String... args) throws IOException {
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            main.getName());
    return new ProcessBuilder(
            Stream.of(List.of("sh", "-c", script, "sh"), java, List.of(args))
                .flatMap(List::stream)
                .toList())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static List<String> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }
}
