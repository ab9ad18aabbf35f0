// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the runtime asks for, by its environment (spec 17.4). Text is empty where the command needs
 * none.
 *
 * @param command what {@code CNI_COMMAND} says
 * @param netns a path
 * @param path directories of plugins
 * @param netnsOverride whether the plugin may run in the container's namespace
 */
record Call(
    String command,
    String containerId,
    String ifname,
    String netns,
    List<Path> path,
    boolean netnsOverride) {

  Call {
    path = List.copyOf(path);
  }

  /**
   * Reads the environment; nothing if there is no command in it.
   *
   * @throws CniException if the command needs a variable that is missing
   */
  static Optional<Call> of(Map<String, String> environment) {
    String command = environment.getOrDefault("CNI_COMMAND", "");
    if (command.isEmpty()) {
      return Optional.empty();
    }
    List<String> missing = new ArrayList<>();
    for (String name : needs(command)) {
      if (environment.getOrDefault(name, "").isEmpty()) {
        missing.add(name);
      }
    }
    if (!missing.isEmpty()) {
      throw new CniException(
          CniException.BAD_ENVIRONMENT,
          "required env variables [" + String.join(",", missing) + "] missing");
    }
    String override = environment.getOrDefault("CNI_NETNS_OVERRIDE", "");
    return Optional.of(
        new Call(
            command,
            environment.getOrDefault("CNI_CONTAINERID", ""),
            environment.getOrDefault("CNI_IFNAME", ""),
            environment.getOrDefault("CNI_NETNS", ""),
            directories(environment.getOrDefault("CNI_PATH", "")),
            override.equals("1") || override.equalsIgnoreCase("true")));
  }

  private static List<String> needs(String command) {
    return switch (command) {
      case "VERSION" -> List.of();
      case "ADD", "CHECK" -> List.of("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH");
      case "DEL" -> List.of("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH");
      default -> List.of("CNI_PATH");
    };
  }

  private static List<Path> directories(String path) {
    List<Path> directories = new ArrayList<>();
    for (String directory : path.split(":", -1)) {
      if (!directory.isEmpty()) {
        directories.add(Path.of(directory));
      }
    }
    return directories;
  }

  /** Whether the command is about one interface of one container. */
  boolean isAboutAnAttachment() {
    return switch (command) {
      case "ADD", "CHECK", "DEL" -> true;
      default -> false;
    };
  }
}
