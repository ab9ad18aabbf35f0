// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import io.jflannel.flanneld.config.Endpoints;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/** The parts of a log record as text that is safe to print: one line each, no user:password@. */
final class LogText {

  private static final int MAX_CAUSES = 8;

  private LogText() {}

  /**
   * The message with {@code {0}}, {@code {1}} … replaced. Not by MessageFormat: that is slow to
   * start and writes numbers and quotes its own way.
   */
  static String message(LogRecord record) {
    String message = String.valueOf(record.getMessage());
    @Nullable Object @Nullable [] parameters = record.getParameters();
    if (parameters != null) {
      for (int i = 0; i < parameters.length; i++) {
        message = message.replace("{" + i + "}", String.valueOf(parameters[i]));
      }
    }
    return safe(message);
  }

  /** A throwable and its causes on one line. */
  static String error(Throwable thrown) {
    StringBuilder text = new StringBuilder(thrown.toString());
    Throwable cause = thrown.getCause();
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      text.append("; caused by ").append(cause);
      cause = cause.getCause();
    }
    return safe(text.toString());
  }

  /** Where it was thrown, one tab-indented line each, for errors only: those may be bugs. */
  static String stack(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    for (StackTraceElement frame : thrown.getStackTrace()) {
      text.append("\tat ").append(frame).append('\n');
    }
    return text.toString();
  }

  /** Masks URLs' users and escapes control characters: a peer's data must not forge a line. */
  private static String safe(String text) {
    String masked = Endpoints.maskedText(text);
    for (int i = 0; i < masked.length(); i++) {
      if (Character.isISOControl(masked.charAt(i))) {
        return escaped(masked);
      }
    }
    return masked;
  }

  private static String escaped(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append('\t');
        default -> {
          if (Character.isISOControl(c)) {
            out.append(c < 0x10 ? "\\x0" : "\\x").append(Integer.toHexString(c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.toString();
  }

  /** {@code value} in decimal, zeros in front up to {@code width}. */
  static StringBuilder padded(StringBuilder out, int value, int width) {
    String digits = Integer.toString(value);
    for (int i = digits.length(); i < width; i++) {
      out.append('0');
    }
    return out.append(digits);
  }
}
