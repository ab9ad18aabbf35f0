// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Commands of the machine, in network namespaces. */
public final class Commands {

  private Commands() {}

  /** Without root or one of these commands the test is skipped; it fails where REQUIRE_ALL=1. */
  public static void require(String... commands) {
    if (!"root".equals(System.getProperty("user.name"))) {
      missing("network namespaces need root");
    }
    List<String> absent = Stream.of(commands).filter(command -> !isOnPath(command)).toList();
    if (!absent.isEmpty()) {
      missing("missing commands: " + String.join(", ", absent) + " (scripts/test installs them)");
    }
  }

  private static boolean isOnPath(String command) {
    return Stream.of(Objects.requireNonNull(System.getenv("PATH")).split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }

  private static void missing(String reason) {
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(reason);
    }
    System.out.println("skipped: " + reason);
    abort(reason);
  }

  /**
   * Runs a command line, its words separated by single blanks, and returns what it printed, errors
   * included.
   *
   * @throws IllegalStateException with that, unless its status is 0
   */
  public static String run(String line) throws InterruptedException {
    return run(List.of(line.split(" ", -1)));
  }

  /** As {@link #run(String)}, in a namespace. */
  public static String in(String namespace, String line) throws InterruptedException {
    return run("ip netns exec " + namespace + " " + line);
  }

  static String run(List<String> command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + ": " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a program in a namespace; what it writes to standard error goes to a file. */
  static Process start(String namespace, Path errors, List<String> command) {
    List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    inside.addAll(command);
    try {
      return new ProcessBuilder(inside).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
