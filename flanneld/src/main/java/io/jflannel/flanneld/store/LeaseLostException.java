// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

/** The own subnet was taken by another node and {@code --on-lease-lost=exit} is in force. */
public final class LeaseLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LeaseLostException(String message) {
    super(message);
  }
}
