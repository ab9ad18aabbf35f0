// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.tls;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** Where PEM text comes from. */
public sealed interface PemSource {

  /**
   * Reads and decodes it.
   *
   * @throws ConfigException naming the source
   */
  Pem read();

  /** When it was changed last; the epoch if that cannot be told. */
  FileTime changed();

  /** The file, or the place of the text: short, for hints. */
  String label();

  /** What named it, and the label, for messages. */
  String name();

  /**
   * A file, which may be renewed.
   *
   * @param namedBy the flag or field that names it, for messages
   */
  record File(String file, String namedBy) implements PemSource {

    /** The usual bundle of all public authorities has 0.3 MB. */
    private static final long LARGEST = 16 << 20;

    @Override
    public Pem read() {
      return Pem.of("%s: file %s".formatted(namedBy, file), text());
    }

    private String text() {
      Path path = Path.of(file);
      try {
        // a pipe or a device may never end
        if (Files.exists(path) && !(Files.isRegularFile(path) && Files.size(path) <= LARGEST)) {
          throw new ConfigException(
              "%s: %s must be a file of at most %d bytes".formatted(namedBy, file, LARGEST));
        }
        return Files.readString(path, ISO_8859_1);
      } catch (NoSuchFileException e) {
        throw new ConfigException("%s: file %s does not exist".formatted(namedBy, file));
      } catch (IOException e) {
        throw new ConfigException(
            "%s: file %s cannot be read: %s".formatted(namedBy, file, Reasons.of(e)));
      }
    }

    @Override
    public FileTime changed() {
      try {
        return Files.getLastModifiedTime(Path.of(file));
      } catch (IOException e) {
        return FileTime.fromMillis(0);
      }
    }

    @Override
    public String label() {
      return file;
    }

    @Override
    public String name() {
      return namedBy + " " + file;
    }
  }

  /**
   * Text that stands in a configuration.
   *
   * @param place where, for messages
   */
  record Text(String text, String place) implements PemSource {
    @Override
    public Pem read() {
      return Pem.of(place, text);
    }

    @Override
    public FileTime changed() {
      return FileTime.fromMillis(0);
    }

    @Override
    public String label() {
      return place;
    }

    @Override
    public String name() {
      return place;
    }

    /** Without the text: it may be a key. */
    @Override
    public String toString() {
      return "Text[" + place + "]";
    }
  }
}
