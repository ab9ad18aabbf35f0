// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

/**
 * The store did not do what was asked; the message names the endpoint or file and, where there is
 * one, the remedy.
 */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean credentials;

  public StoreException(String message) {
    super(message);
    this.credentials = false;
  }

  public StoreException(String message, Throwable cause) {
    this(message, cause, false);
  }

  private StoreException(String message, Throwable cause, boolean credentials) {
    super(message, cause);
    this.credentials = credentials;
  }

  /** The store knows no such user, or not this password. */
  public static StoreException badCredentials(String message, Throwable cause) {
    return new StoreException(message, cause, true);
  }

  /** Whether user or password are wrong: at start that ends the daemon (ETC-7). */
  public boolean isBadCredentials() {
    return credentials;
  }
}
