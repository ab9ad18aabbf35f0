// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Other programs as witnesses of what the kernel holds; they run in the calling thread's namespace.
 */
public final class Shell {

  private Shell() {}

  /** Output of a command, standard error included; fails the test on a non-zero status. */
  public static String run(String command) {
    requireProgram(command.substring(0, command.indexOf(' ')));
    try {
      Process process =
          new ProcessBuilder(List.of("sh", "-c", command)).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new AssertionError(command + " ended with " + status + ": " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void requireProgram(String name) {
    boolean there =
        Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
    if (!there && "1".equals(System.getenv("REQUIRE_ALL"))) {
      throw new AssertionError("needs " + name);
    }
    Assumptions.assumeTrue(there, "needs " + name + " to look at the kernel independently");
  }
}
