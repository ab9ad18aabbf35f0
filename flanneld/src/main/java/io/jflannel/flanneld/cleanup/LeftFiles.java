// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cleanup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.flanneld.status.StatusText;
import io.jflannel.flanneld.subnetfile.AtomicFile;
import io.jflannel.flanneld.subnetfile.PreviousSubnets;
import io.jflannel.flanneld.subnetfile.SubnetFile;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import io.jflannel.json.JsonFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files of a daemon. What does not look like one of its own is left alone. */
final class LeftFiles {

  /** As {@code jflannel status} takes it. */
  private static final long LARGEST = 20 << 20;

  private final SubnetFile subnetFile;
  private final Path statusFile;

  LeftFiles(SubnetFile subnetFile, Path statusFile) {
    this.subnetFile = subnetFile;
    this.statusFile = statusFile.toAbsolutePath().normalize();
  }

  /**
   * All but the subnet file.
   *
   * @throws IOException if there is a file that must not be removed, or it cannot be told
   */
  List<Path> besides() throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.exists(statusFile, LinkOption.NOFOLLOW_LINKS)) {
      cniConfiguration().ifPresent(files::add); // while there is who names it
      files.add(statusFile);
    }
    files.addAll(new AtomicFile(statusFile, statusFile.resolveSibling(".")).left());
    files.addAll(subnetFile.besides());
    return files;
  }

  /**
   * What the daemon rendered, by its status: without it no pod starts on a network that is gone.
   *
   * @throws IOException if the status file is none
   */
  private Optional<Path> cniConfiguration() throws IOException {
    try {
      if (!Files.isRegularFile(statusFile) || Files.size(statusFile) > LARGEST) {
        throw new JsonException("it is no regular file, or a large one");
      }
      Json status = Json.parse(new String(Files.readAllBytes(statusFile), UTF_8));
      StatusText.of(status);
      return JsonFields.ofDocument("it", status)
          .fields("cniConfiguration")
          .text("path", JsonFields.NullRule.KEEPS, Path::of)
          .filter(Path::isAbsolute)
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS));
    } catch (JsonException e) {
      throw new IOException(
          statusFile + " is left alone, it is no status file: " + e.getMessage(), e);
    }
  }

  /** What the subnet file names. */
  PreviousSubnets previous() throws IOException {
    return PreviousSubnets.of(subnetFile.read());
  }
}
