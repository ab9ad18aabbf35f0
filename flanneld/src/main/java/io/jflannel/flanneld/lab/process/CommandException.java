// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

/** A command or a process of the lab failed; the message carries what was tried and its output. */
public final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CommandException(String message) {
    super(message);
  }

  public CommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
