// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import java.util.Optional;

/** Text forms of Go's values, and what Go says about text that has none (spec CLI-3). */
final class GoText {

  private static final String SYNTAX = "invalid syntax";
  private static final String RANGE = "value out of range";

  private GoText() {}

  /** {@code 1 t T TRUE true True} and their opposites; nothing for any other text. */
  static Optional<Boolean> bool(String text) {
    return switch (text) {
      case "1", "t", "T", "TRUE", "true", "True" -> Optional.of(true);
      case "0", "f", "F", "FALSE", "false", "False" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  /**
   * An integer as a Go literal: decimal, {@code 0x}, {@code 0o}, {@code 0b}, leading-{@code 0}
   * octal, {@code _} between digits, optional sign.
   *
   * @throws NumberFormatException whose message is {@code invalid syntax} or {@code value out of
   *     range}
   */
  static long integer(String text) {
    String unsigned = unsigned(text);
    boolean marked = unsigned.length() > 1 && unsigned.startsWith("0");
    int radix = marked ? radix(unsigned.charAt(1)) : 10;
    int prefix = marked ? isDigit(unsigned.charAt(1), 10) || unsigned.charAt(1) == '_' ? 1 : 2 : 0;
    String digits = unsigned.substring(prefix);
    // A prefix, the octal zero included, counts as a digit in front of a separator.
    if (prefix == 0 && digits.startsWith("_") || digits.endsWith("_") || digits.contains("__")) {
      throw new NumberFormatException(SYNTAX);
    }
    return signed(text, digits.replace("_", ""), radix);
  }

  /** A decimal integer without separators, as the log flags want it; errors as above. */
  static long decimal(String text) {
    return signed(text, unsigned(text), 10);
  }

  private static int radix(char marker) {
    return switch (marker) {
      case 'x', 'X' -> 16;
      case 'b', 'B' -> 2;
      case 'o', 'O', '_', '0', '1', '2', '3', '4', '5', '6', '7' -> 8;
      default -> throw new NumberFormatException(SYNTAX);
    };
  }

  private static String unsigned(String text) {
    boolean sign = text.startsWith("-") || text.startsWith("+");
    return sign ? text.substring(1) : text;
  }

  private static long signed(String text, String digits, int radix) {
    if (digits.isEmpty() || !digits.chars().allMatch(c -> isDigit((char) c, radix))) {
      throw new NumberFormatException(SYNTAX);
    }
    try {
      return Long.parseLong(text.startsWith("-") ? "-" + digits : digits, radix);
    } catch (NumberFormatException e) {
      throw new NumberFormatException(RANGE);
    }
  }

  private static boolean isDigit(char c, int radix) {
    return c < 0x80 && Character.digit(c, radix) >= 0;
  }

  /** Problem of an {@code int} flag's text. */
  static Optional<String> integerProblem(String text) {
    try {
      integer(text);
      return Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.of(SYNTAX.equals(e.getMessage()) ? "parse error" : RANGE);
    }
  }

  /** Problem of a 32-bit log level's text. */
  static Optional<String> levelProblem(String text) {
    String problem;
    try {
      long level = decimal(text);
      if (level == (int) level) {
        return Optional.empty();
      }
      problem = RANGE;
    } catch (NumberFormatException e) {
      problem = SYNTAX.equals(e.getMessage()) ? SYNTAX : RANGE;
    }
    return Optional.of("strconv.ParseInt: parsing " + quote(text) + ": " + problem);
  }

  /** Problem of {@code pattern=N,…}; empty elements are fine. */
  static Optional<String> vmoduleProblem(String text) {
    for (String element : text.split(",", -1)) {
      int equals = element.indexOf('=');
      String level = element.substring(equals + 1);
      if (element.isEmpty()) {
        continue;
      }
      if (equals <= 0 || levelProblem(level).isPresent()) {
        return Optional.of("syntax error: expect comma-separated list of filename=N");
      }
      if (decimal(level) < 0) {
        return Optional.of("negative value for vmodule level");
      }
    }
    return Optional.empty();
  }

  /** Problem of {@code file.go:N}; empty text means off. */
  static Optional<String> traceProblem(String text) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    int colon = text.indexOf(':');
    String line = text.substring(colon + 1);
    if (colon < 0 || !text.substring(0, colon).contains(".") || integerless(line)) {
      return Optional.of("syntax error: expect file.go:234");
    }
    return decimal(line) > 0 ? Optional.empty() : Optional.of("negative or zero value for level");
  }

  private static boolean integerless(String text) {
    try {
      decimal(text);
      return false;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  /** In double quotes; quotes, backslashes and control characters escaped. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7f) {
            out.append(c < 0x10 ? "\\x0" : "\\x").append(Integer.toHexString(c));
          } else if (c < 0xa0 && c > 0x7f) {
            out.append("\\u00").append(Integer.toHexString(c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
