// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

/**
 * Text that is not JSON, or not of the shape that was asked for; the message says where and why.
 */
public final class JsonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;

  public JsonException(String message) {
    super(message);
    this.message = message;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return message;
  }
}
