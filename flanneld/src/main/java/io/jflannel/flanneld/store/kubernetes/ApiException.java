// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.store.Pace;
import java.time.Duration;

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

  /** Of {@link #status}: the answer is not what it should be, or ends in the middle. */
  static final int UNREADABLE = -2;

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
  private final Duration retryAfter;

  ApiException(int status, String message) {
    this(status, message, Duration.ZERO);
  }

  ApiException(int status, String message, Duration retryAfter) {
    super(message);
    this.status = status;
    this.message = message;
    this.retryAfter = retryAfter;
  }

  /** Of HTTP. */
  int status() {
    return status;
  }

  /** How long the server wants to be left alone, at most a minute; zero if it does not say. */
  Duration retryAfter() {
    return retryAfter;
  }

  /**
   * When to ask again, on the monotonic clock: after a pause, but not before the server wants it.
   */
  long notBefore(Pace pace, Backoff pause) {
    long ours = pace.after(pause);
    long theirs = pace.now() + retryAfter.toNanos();
    return ours - theirs > 0 ? ours : theirs;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return message;
  }
}
