// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A lease's file as read.
 *
 * @param head absent if the file is not one of ours, or not whole
 * @param value empty if there is a problem
 * @param problem why it cannot be used, naming the file
 */
record LocalLease(String name, Optional<LeaseFile> head, String value, Optional<String> problem) {

  /** All regular files of the directory, in the order of their names. */
  static List<LocalLease> readAll(Path subnets) throws IOException {
    List<LocalLease> leases = new ArrayList<>();
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(subnets)) {
      for (Path path : paths) {
        read(path).ifPresent(leases::add);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause(); // retried as any other failure of the disk
    }
    leases.sort(Comparator.comparing(LocalLease::name));
    return leases;
  }

  /** One file; empty if there is none. */
  static Optional<LocalLease> read(Path path) throws IOException {
    String name = String.valueOf(path.getFileName());
    int limit = LeaseFile.LONGEST_HEAD + Registry.LARGEST_VALUE + 1;
    Optional<byte[]> content = LocalFiles.read(path, limit);
    if (content.isEmpty()) {
      return Optional.empty();
    }
    Optional<LeaseFile> head = LeaseFile.head(content.get());
    if (head.isEmpty()) {
      return Optional.of(bad(name, head, path + " is not a lease's file"));
    }
    if (head.get().length() > Registry.LARGEST_VALUE) {
      return Optional.of(
          bad(name, head, path + ": a value of " + head.get().length() + " bytes is too large"));
    }
    byte[] value = LeaseFile.value(content.get());
    if (value.length != head.get().length()) {
      return Optional.of(bad(name, Optional.empty(), path + " is not whole"));
    }
    try {
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
      return Optional.of(new LocalLease(name, head, text, Optional.empty()));
    } catch (CharacterCodingException e) {
      return Optional.of(bad(name, head, path + ": the value is not UTF-8"));
    }
  }

  private static LocalLease bad(String name, Optional<LeaseFile> head, String problem) {
    return new LocalLease(name, head, "", Optional.of(problem));
  }

  static boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  boolean isExpired(Instant now) {
    return head.filter(file -> file.isExpired(now)).isPresent();
  }

  /** Whether another reading shows the same write of the same file. */
  boolean isSameWriteAs(LocalLease other) {
    return head.equals(other.head) && problem.equals(other.problem);
  }

  /**
   * As the registry says it.
   *
   * @param revision of a file that has none itself
   */
  Entry entry(long revision, Instant now) {
    Optional<Duration> left =
        head.flatMap(LeaseFile::expires).map(expires -> Duration.between(now, expires));
    return new Entry(
        name,
        value,
        problem,
        head.map(LeaseFile::createRevision).orElse(revision),
        head.map(LeaseFile::modRevision).orElse(revision),
        0,
        head.isPresent() && left.isEmpty(),
        left);
  }
}
