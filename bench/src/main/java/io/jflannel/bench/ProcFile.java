// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reads of {@code /proc}. Processes may end at any moment: then there is nothing. */
public final class ProcFile {

  private ProcFile() {}

  static Optional<String> of(long pid, String name) {
    try {
      return Optional.of(Files.readString(Path.of("/proc", Long.toString(pid), name)));
    } catch (IOException ended) {
      return Optional.empty();
    }
  }

  public static String of(String name) {
    try {
      return Files.readString(Path.of("/proc", name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
