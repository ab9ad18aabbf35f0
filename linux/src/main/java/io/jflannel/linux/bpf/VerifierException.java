// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.bpf;

import io.jflannel.linux.LinuxException;
import java.util.List;

/** The kernel's verifier does not accept a program. A bug in the program, or an older kernel. */
public final class VerifierException extends LinuxException {

  private static final long serialVersionUID = 1;

  /** Of the log's end, where the verifier says what it does not like. */
  private static final int SHOWN = 8;

  private final String log;

  VerifierException(String operation, int errno, String log) {
    super(operation, errno, excerpt(log));
    this.log = log;
  }

  /** The last lines, in the order of the log, without the statistics at its end. */
  static String excerpt(String log) {
    List<String> lines =
        log.lines().filter(line -> !line.startsWith("processed ") && !line.isBlank()).toList();
    int from = Math.max(0, lines.size() - SHOWN);
    String end = String.join("\n", lines.subList(from, lines.size()));
    return from == 0 ? end : "... " + from + " lines ...\n" + end;
  }

  /** All that the verifier has said: the path through the program with the registers' states. */
  public String log() {
    return log;
  }
}
