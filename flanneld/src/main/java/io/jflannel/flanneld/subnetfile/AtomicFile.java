// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Replaces a file so that readers see the old one or the new one, never a part (SF-4): temporary
 * file, flush, rename.
 */
public final class AtomicFile {

  private static final Set<PosixFilePermission> NEW_FILE =
      PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> NEW_DIRECTORY =
      PosixFilePermissions.fromString("rwxr-xr-x");

  private final Path target;
  private final Path temporary;

  /**
   * Names a file.
   *
   * @param target absolute
   * @param temporary a directory to prepare the new file in, if a rename from there works; else it
   *     is the target's
   */
  public AtomicFile(Path target, Path temporary) {
    this.target = target;
    this.temporary = temporary;
  }

  /**
   * Writes it. A new file gets mode 0644 whatever the umask; an existing regular file keeps its
   * permission bits; a symbolic link is replaced by a file. Missing directories are created.
   *
   * @throws IOException leaving nothing behind and the old file unchanged
   */
  public void write(String text) throws IOException {
    createParents(target);
    Path directory = parent(target);
    if (sameDevice(temporary, directory)) {
      try {
        writeFrom(temporary, text);
        return;
      } catch (IOException e) {
        // Not ours to write in, or another mount of the same device (EXDEV): beside the target.
        if (Thread.currentThread().isInterrupted() || Files.isDirectory(target, NOFOLLOW_LINKS)) {
          throw e;
        }
      }
    }
    writeFrom(directory, text);
  }

  private void writeFrom(Path directory, String text) throws IOException {
    String random = Integer.toString(ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE));
    Path prepared = directory.resolve("." + target.getFileName() + random);
    try {
      try (FileChannel channel = FileChannel.open(prepared, CREATE_NEW, WRITE)) {
        Files.setPosixFilePermissions(prepared, permissions());
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(prepared, target, ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(prepared);
    }
  }

  private Set<PosixFilePermission> permissions() throws IOException {
    return Files.isRegularFile(target, NOFOLLOW_LINKS)
        ? Files.getPosixFilePermissions(target, NOFOLLOW_LINKS)
        : NEW_FILE;
  }

  /**
   * What writers that were killed have left: temporary files of this one.
   *
   * @throws IOException if a directory cannot be read
   */
  public List<Path> left() throws IOException {
    Pattern name = Pattern.compile(Pattern.quote("." + target.getFileName()) + "[0-9]+");
    List<Path> left = new ArrayList<>();
    Set<Path> directories = new HashSet<>(List.of(parent(target), temporary.normalize()));
    for (Path directory : directories) {
      if (Files.isDirectory(directory)) {
        try (Stream<Path> files = Files.list(directory)) {
          files
              .filter(file -> name.matcher(file.getFileName().toString()).matches())
              .filter(file -> Files.isRegularFile(file, NOFOLLOW_LINKS))
              .forEach(left::add);
        }
      }
    }
    return left.stream().sorted().toList();
  }

  /** A device number is a cheap hint; the rename itself decides. */
  private static boolean sameDevice(Path one, Path other) {
    try {
      return Files.getAttribute(one, "unix:dev").equals(Files.getAttribute(other, "unix:dev"));
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Creates the directories a file lies in: mode 0755 before umask. */
  public static void createParents(Path target) throws IOException {
    Files.createDirectories(parent(target), PosixFilePermissions.asFileAttribute(NEW_DIRECTORY));
  }

  private static Path parent(Path target) throws IOException {
    Path parent = target.getParent();
    if (parent == null) {
      throw new NoSuchFileException(target.toString(), "", "no place for a file");
    }
    return parent;
  }
}
