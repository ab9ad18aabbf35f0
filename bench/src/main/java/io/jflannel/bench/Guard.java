// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.Optional;

/**
 * A process that waits for the end of this JVM, be it by {@code kill -9}, and removes what is left
 * of this run by then: its namespaces, what runs in them, its directories.
 */
final class Guard {

  /** What the names of this run's namespaces and directories begin with. */
  static final String PREFIX = "jfb" + ProcessHandle.current().pid() + "-";

  private static final String SCRIPT =
      """
      trap '' INT TERM HUP
      cat >/dev/null # ends with the JVM
      for file in /run/netns/$0*; do
        [ -e "$file" ] || continue
        name=${file##*/}
        ip netns pids "$name" | xargs -r kill -KILL
        ip netns delete "$name"
      done
      rm -rf "$1/$0"*
      """;

  private static Optional<Process> guard = Optional.empty(); // held: else its pipe would be closed

  private Guard() {}

  /** Starts it, once. */
  static synchronized void start() {
    if (guard.isPresent()) {
      return;
    }
    String directory = System.getProperty("java.io.tmpdir", "/tmp");
    try {
      guard =
          Optional.of(
              new ProcessBuilder("setsid", "sh", "-c", SCRIPT, PREFIX, directory)
                  .redirectOutput(Redirect.DISCARD)
                  .redirectError(Redirect.DISCARD)
                  .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
