// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** What a test of the lab needs of the machine. Without it the test is skipped, with the reason. */
public final class Requirements {

  private Requirements() {}

  /** Root and the lab's tools; {@code more} are commands beyond those. */
  public static void lab(String... more) {
    if (!"root".equals(System.getProperty("user.name"))) {
      missing("network namespaces need root");
    }
    commands("ip", "nsenter", "ping", "iperf3");
    commands(more);
  }

  /** Environment variables that scripts/test sets. */
  public static void environment(String... needed) {
    List<String> absent =
        Arrays.stream(needed).filter(name -> System.getenv(name) == null).toList();
    if (!absent.isEmpty()) {
      missing("not set: " + String.join(", ", absent) + " (scripts/test sets them)");
    }
  }

  /** Commands in the search path. */
  public static void commands(String... needed) {
    List<String> absent = Arrays.stream(needed).filter(command -> !onPath(command)).toList();
    if (!absent.isEmpty()) {
      missing("missing commands: " + String.join(", ", absent) + " (scripts/test installs them)");
    }
  }

  private static boolean onPath(String command) {
    return Arrays.stream(Objects.requireNonNull(System.getenv("PATH")).split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }

  /** Ends a test that cannot run here: skipped, or failed where all must run. */
  public static void missing(String reason) {
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(reason);
    }
    System.out.println("skipped: " + reason);
    abort(reason);
  }
}
