// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The file {@code --subnet-file}. Used by one thread at a time.
 *
 * <p>It is written only while the lock beside it is held, so two daemons never take turns on one
 * file.
 */
public final class SubnetFile implements AutoCloseable {

  private final Path path;
  private final AtomicFile file;
  private final FileLock lock;
  private final KeptFile kept;

  /**
   * Names a file; touches nothing.
   *
   * @param temporary the system's directory for temporary files (5.3)
   */
  public SubnetFile(Path path, Path temporary) {
    this.path = path.toAbsolutePath().normalize();
    this.file = new AtomicFile(this.path, temporary);
    this.kept = new KeptFile(this.path, temporary);
    this.lock = new FileLock(lockPath());
  }

  public Path path() {
    return path;
  }

  /**
   * Takes the lock, creating missing directories. It is kept until {@link #close} or the end of the
   * process, however that comes.
   *
   * @throws LockedException if another process has it; the message names its pid
   * @throws IOException if the lock file cannot be made
   */
  public void lock() throws IOException {
    if (!lock.held()) {
      AtomicFile.createParents(path);
      lock.take("subnet file " + path);
    }
  }

  /**
   * Takes the lock if a former run has left its file, creating and writing nothing.
   *
   * @return whether there is a lock
   * @throws LockedException if another process has it
   * @throws IOException if the lock file cannot be opened
   */
  public boolean lockIfLeft() throws IOException {
    return lock.held() || lock.takeIfLeft("subnet file " + path);
  }

  /**
   * What there is besides the file itself: temporary files, and the lock's, which comes last.
   *
   * @throws IOException if a directory cannot be read
   */
  public List<Path> besides() throws IOException {
    return Stream.concat(file.left().stream(), Stream.of(lockPath()))
        .filter(path -> Files.exists(path, NOFOLLOW_LINKS))
        .toList();
  }

  private Path lockPath() {
    return path.resolveSibling("." + path.getFileName() + ".lock");
  }

  /**
   * The text of a file left by a former run; empty if there is none.
   *
   * @throws IOException if there is one that cannot be read
   */
  public Optional<String> read() throws IOException {
    return KeptFile.read(path);
  }

  /**
   * Writes the whole file by a temporary one and a rename. A file that says the same already is
   * left alone.
   *
   * @throws IOException naming the path; the old file, if any, is unchanged then
   */
  public void write(String text) throws IOException {
    lock();
    kept.write(text);
  }

  /** Whether the file still says {@code text}; looks into it only if it was touched. */
  public boolean intact(String text) {
    return kept.intact(text);
  }

  /** Gives the lock back. The file stays (LIF-18). */
  @Override
  public void close() {
    lock.close();
  }

  @Override
  public String toString() {
    return Objects.toString(path);
  }
}
