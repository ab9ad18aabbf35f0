// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

/**
 * The API server did not do what was asked; the message names it and, where there is one, the
 * remedy.
 */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Of {@link #status}: there was no answer, or half of one. */
  static final int NO_ANSWER = 0;

  /** Of {@link #status}: the answer began, and then nothing came any more. */
  static final int SILENT = -1;

  static final int FORBIDDEN = 403;
  static final int NOT_FOUND = 404;

  /** The version asked for is too old. */
  static final int GONE = 410;

  static final int TOO_MANY = 429;
  static final int INTERNAL = 500;
  static final int UNAVAILABLE = 503;
  static final int TIMEOUT = 504;

  private final int status;
  private final String message;

  ApiException(int status, String message) {
    super(message);
    this.status = status;
    this.message = message;
  }

  /** Of HTTP. */
  int status() {
    return status;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return message;
  }
}
