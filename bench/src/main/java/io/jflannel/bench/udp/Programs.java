// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import io.jflannel.bench.Host;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The C programs of this benchmark, compiled from the sources it carries.
 *
 * @param proxy the reference: a naive peer of the udp backend
 * @param datagrams load and its measurement
 */
record Programs(Path proxy, Path datagrams) {

  /**
   * Compiles them into the directory of a host.
   *
   * @throws IllegalStateException with the compiler's words
   */
  static Programs compile(Host host) throws InterruptedException {
    return new Programs(compiled(host, "naiveproxy"), compiled(host, "datagrams"));
  }

  private static Path compiled(Host host, String name) throws InterruptedException {
    Path source = host.directory().resolve(name + ".c");
    Path program = host.directory().resolve(name);
    try (InputStream carried = Programs.class.getResourceAsStream("/c/" + name + ".c")) {
      if (carried == null) {
        throw new IllegalStateException(name + ".c is missing in this build");
      }
      Files.copy(carried, source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    host.run("cc", "-O2", "-Wall", "-o", program.toString(), source.toString());
    return program;
  }
}
