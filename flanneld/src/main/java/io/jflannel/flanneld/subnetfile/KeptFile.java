// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A small file that shall always say the same, whatever others do with it. Used by one thread at a
 * time.
 */
public final class KeptFile {

  private static final long LARGEST = 1 << 20;

  private final Path path;
  private final AtomicFile file;
  private Optional<Stamp> written = Optional.empty();

  /** How the file looked after the last write: a cheap sign that nobody touched it since. */
  private record Stamp(long size, FileTime modified, @Nullable Object inode) {}

  /**
   * Names a file; touches nothing.
   *
   * @param path absolute
   * @param temporary as {@link AtomicFile} has it
   */
  public KeptFile(Path path, Path temporary) {
    this.path = path;
    file = new AtomicFile(path, temporary);
  }

  /**
   * What a file says; empty if there is none.
   *
   * @throws IOException also if it is no regular file, or larger than 1 MiB
   */
  public static Optional<String> read(Path path) throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile() || attributes.size() > LARGEST) { // a pipe never ends
        throw new FileSystemException(path.toString(), null, "is no small regular file");
      }
      return Optional.of(new String(Files.readAllBytes(path), UTF_8));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * Writes the whole file by a temporary one and a rename. A file that says the same already is
   * left alone.
   *
   * @throws IOException naming the path; the old file, if any, is unchanged then
   */
  public void write(String text) throws IOException {
    if (!says(text)) {
      file.write(text);
    }
    written = stamp();
  }

  /**
   * Whether the file still says {@code text}, written last; looks into it only if it was touched.
   */
  public boolean intact(String text) {
    try {
      Optional<Stamp> now = stamp();
      if (now.isPresent() && now.equals(written)) {
        return true;
      }
      boolean same = says(text);
      written = same ? now : written;
      return same;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean says(String text) throws IOException {
    return Files.isRegularFile(path, NOFOLLOW_LINKS) && read(path).equals(Optional.of(text));
  }

  private Optional<Stamp> stamp() throws IOException {
    try {
      BasicFileAttributes now =
          Files.readAttributes(path, BasicFileAttributes.class, NOFOLLOW_LINKS);
      return now.isRegularFile()
          ? Optional.of(new Stamp(now.size(), now.lastModifiedTime(), now.fileKey()))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
