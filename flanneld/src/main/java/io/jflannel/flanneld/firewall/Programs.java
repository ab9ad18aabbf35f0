// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where programs are looked for: PATH, and the two folders that PATH may lack outside of root's
 * shell.
 *
 * @param tool runs them
 */
record Programs(List<Path> folders, Tool tool) {

  private static final List<String> SYSTEM = List.of("/usr/sbin", "/sbin");

  static Programs of(Optional<String> path) {
    return new Programs(
        Stream.concat(path.stream().flatMap(p -> Stream.of(p.split(":"))), SYSTEM.stream())
            .filter(folder -> !folder.isEmpty())
            .distinct()
            .map(Path::of)
            .toList(),
        new Tool());
  }

  Optional<Path> find(String name) {
    return folders.stream()
        .map(folder -> folder.resolve(name))
        .filter(file -> Files.isExecutable(file) && !Files.isDirectory(file))
        .findFirst();
  }
}
