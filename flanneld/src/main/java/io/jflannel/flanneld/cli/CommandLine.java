// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import io.jflannel.flanneld.config.Options;
import java.util.List;

/** What flanneld's command line and environment ask for. */
public sealed interface CommandLine {

  /**
   * Start the daemon.
   *
   * @param warnings what was accepted but has no effect, one log line each
   */
  record Run(Options options, List<String> warnings) implements CommandLine {
    public Run {
      warnings = List.copyOf(warnings);
    }
  }

  /** Print the usage to stderr, exit with 0 (CLI-3). */
  record Help(String usage) implements CommandLine {}

  /** Print the version and a newline to stderr, exit with 0 (CLI-8). */
  record Version() implements CommandLine {}

  /**
   * Do not start. Carries no secret.
   *
   * @param status {@value #MALFORMED}: print message, newline and usage to stderr as they are
   *     (ODD-1, ODD-2: upstream exits with 0 or goes on); {@value #UNUSABLE}: the text was well
   *     formed but the value cannot be used, log the message as an error (CLI-9)
   * @param message one or more lines without a final newline
   * @param usage with a final newline; empty if the flags are not to blame
   */
  record Bad(int status, String message, String usage) implements CommandLine {
    public static final int UNUSABLE = 1;
    public static final int MALFORMED = 2;
  }
}
