// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

/**
 * The rules could not be read or written. The message is for operators: what failed, why, and what
 * would help. It is tried again.
 */
public final class FirewallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;

  /** Whether a program is missing, which does not mend itself. */
  private final boolean missing;

  FirewallException(String message) {
    this(message, false);
  }

  private FirewallException(String message, boolean missing) {
    super(message);
    this.message = message;
    this.missing = missing;
  }

  static FirewallException missing(String message) {
    return new FirewallException(message, true);
  }

  boolean isMissing() {
    return missing;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
