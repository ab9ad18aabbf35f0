// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The delegate's configurations, kept from ADD to DEL: one file for each interface of a container,
 * {@code ID:INTERFACE}, written so that readers see all of it or nothing (B44).
 *
 * <p>Upstream has one file for each container, {@code ID}. The first interface's file has that name
 * too, as a hard link, so that a node can go back to upstream's plugin; a file {@code ID} that is
 * no such link was left by upstream's.
 */
record StateFiles(Path directory) {

  /** The interface whose configuration is kept. */
  record Attachment(String containerId, String ifname) {
    private String file() {
      return containerId + ":" + ifname;
    }
  }

  /** A file and its name's parts; the interface is unknown in upstream's files. */
  record Kept(Path path, String containerId, Optional<String> ifname) {}

  void write(Attachment of, String text) throws IOException {
    Files.createDirectories(directory, mode("rwx------"));
    Path file = directory.resolve(of.file());
    Path plain = directory.resolve(of.containerId());
    boolean linked = same(file, plain);
    Path prepared = prepared(of);
    Files.deleteIfExists(
        prepared); // of a plugin that was killed: perhaps the same file as the live one
    try (FileChannel channel =
        FileChannel.open(prepared, Set.of(CREATE_NEW, WRITE, NOFOLLOW_LINKS), mode("rw-------"))) {
      ByteBuffer bytes = UTF_8.encode(text);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(prepared, file, ATOMIC_MOVE);
    if (linked || Files.notExists(plain, NOFOLLOW_LINKS)) {
      Files.createLink(prepared, file);
      Files.move(prepared, plain, ATOMIC_MOVE);
    }
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }

  private Path prepared(Attachment of) {
    return directory.resolve("." + of.file());
  }

  /** What was kept of an interface, by this plugin or by upstream's. */
  Optional<Path> find(Attachment of) throws IOException {
    Path file = directory.resolve(of.file());
    if (Files.exists(file)) {
      return Optional.of(file);
    }
    Path plain = directory.resolve(of.containerId());
    if (Files.notExists(plain)) {
      return Optional.empty();
    }
    for (Kept kept : all()) {
      if (kept.containerId().equals(of.containerId())
          && kept.ifname().isPresent()
          && same(kept.path(), plain)) {
        return Optional.empty(); // another interface's
      }
    }
    return Optional.of(plain);
  }

  /** Forgets what {@link #find} found. */
  void remove(Attachment of, Path found) throws IOException {
    Path plain = directory.resolve(of.containerId());
    if (same(found, plain)) {
      Files.deleteIfExists(plain);
    }
    Files.deleteIfExists(prepared(of));
    Files.deleteIfExists(found);
  }

  private static boolean same(Path one, Path other) throws IOException {
    return Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
  }

  /** All that is kept, of all networks. */
  List<Kept> all() throws IOException {
    List<Kept> all = new ArrayList<>();
    for (Path file : files()) {
      String name = file.getFileName().toString();
      int colon = name.indexOf(':');
      if (!name.startsWith(".")) {
        all.add(
            colon < 0
                ? new Kept(file, name, Optional.empty())
                : new Kept(file, name.substring(0, colon), Optional.of(name.substring(colon + 1))));
      }
    }
    return all;
  }

  /**
   * Removes what plugins that were killed had prepared, of all networks.
   *
   * @param before milliseconds since 1970; what was written later may be in use
   */
  void removePrepared(long before) throws IOException {
    for (Path file : files()) {
      String name = file.getFileName().toString();
      if (name.startsWith(".") && name.indexOf(':') > 1 && isOlder(file, before)) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Not if it was moved to its place meanwhile. */
  private static boolean isOlder(Path file, long before) throws IOException {
    try {
      return Files.getLastModifiedTime(file, NOFOLLOW_LINKS).toMillis() < before;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private List<Path> files() throws IOException {
    if (Files.notExists(directory)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (Files.isRegularFile(file, NOFOLLOW_LINKS)) {
          found.add(file);
        }
      }
    }
    return found;
  }
}
