// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

/**
 * The store did not do what was asked; the message names the endpoint or file and, where there is
 * one, the remedy.
 */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoreException(String message) {
    super(message);
  }

  public StoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
