// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

/**
 * The rules could not be read or written. The message is for operators: what failed, why, and what
 * would help. It is tried again.
 */
public final class FirewallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;
  private final Kind kind;

  /** What can be done about it. */
  enum Kind {
    /** A program is missing, which does not mend itself. */
    MISSING,
    /** Waiting for another part's rules would take as long: a lock is held, a program hangs. */
    BUSY,
    /** Somebody else has changed what was written at once: it is worth the same again soon. */
    UNDONE,
    OTHER
  }

  FirewallException(String message) {
    this(message, Kind.OTHER);
  }

  private FirewallException(String message, Kind kind) {
    super(message);
    this.message = message;
    this.kind = kind;
  }

  static FirewallException missing(String message) {
    return new FirewallException(message, Kind.MISSING);
  }

  static FirewallException busy(String message) {
    return new FirewallException(message, Kind.BUSY);
  }

  static FirewallException undone(String message) {
    return new FirewallException(message, Kind.UNDONE);
  }

  boolean isMissing() {
    return kind == Kind.MISSING;
  }

  boolean isBusy() {
    return kind == Kind.BUSY;
  }

  boolean isUndone() {
    return kind == Kind.UNDONE;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
