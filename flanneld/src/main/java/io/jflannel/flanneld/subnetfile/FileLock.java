// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A lock of the kernel on a file of its own, which says the holder's pid. It dies with its process;
 * the file stays, because removing it would let two processes lock two files of one name. Only who
 * holds it and cleans up removes it.
 */
final class FileLock implements AutoCloseable {

  private static final int LONGEST_PID = 32;

  private final Path path;
  private Optional<FileChannel> channel = Optional.empty();

  FileLock(Path path) {
    this.path = path;
  }

  boolean held() {
    return channel.isPresent();
  }

  /**
   * Takes the lock.
   *
   * @param what is locked, for the message
   * @throws LockedException if another process has it
   */
  void take(String what) throws IOException {
    FileChannel opened = FileChannel.open(path, CREATE, READ, WRITE);
    try {
      demand(opened, what);
      while (!Files.exists(path)) { // removed since it was opened
        opened.close();
        opened = FileChannel.open(path, CREATE, READ, WRITE);
        demand(opened, what);
      }
      ByteBuffer pid = US_ASCII.encode(ProcessHandle.current().pid() + "\n");
      opened.truncate(0).write(pid, 0);
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
    channel = Optional.of(opened);
  }

  /**
   * Takes the lock if a former holder has left the file, which stays as it is.
   *
   * @return whether there is such a file
   * @throws LockedException if another process has it
   */
  boolean takeIfLeft(String what) throws IOException {
    if (!Files.exists(path)) {
      return false;
    }
    FileChannel opened = FileChannel.open(path, READ, WRITE);
    try {
      demand(opened, what);
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
    channel = Optional.of(opened);
    return true;
  }

  private static void demand(FileChannel channel, String what) throws IOException {
    if (!locked(channel)) {
      throw new LockedException("%s is in use by process %s".formatted(what, holder(channel)));
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // by another object of this process
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(LONGEST_PID);
    channel.read(text, 0);
    String pid = US_ASCII.decode(text.flip()).toString().strip();
    return pid.isEmpty() ? "(unknown)" : pid;
  }

  @Override
  public void close() {
    try {
      if (channel.isPresent()) {
        channel.get().close();
      }
    } catch (IOException e) {
      // The lock is gone either way: close(2) releases it even if it reports an error.
    } finally {
      channel = Optional.empty();
    }
  }
}
