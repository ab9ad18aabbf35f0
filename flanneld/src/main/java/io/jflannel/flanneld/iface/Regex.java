// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A pattern of {@code --iface-regex}: RE2 syntax, searched for anywhere (IF-5). Java's syntax
 * differs in two places that such patterns use: POSIX classes ({@code [[:digit:]]}) and named
 * groups ({@code (?P<name>…)}); both are rewritten.
 */
record Regex(Pattern pattern) {

  private static final Pattern POSIX_CLASS = Pattern.compile("\\[:(\\^?)([a-z]+):]");

  /**
   * Compiles a pattern.
   *
   * @throws PatternSyntaxException if it is none
   */
  static Regex compile(String re2) {
    String java =
        POSIX_CLASS
            .matcher(re2.replace("(?P<", "(?<"))
            .replaceAll(
                match -> "\\\\" + (match.group(1).isEmpty() ? "p" : "P") + posix(match.group(2)));
    return new Regex(Pattern.compile(java));
  }

  private static String posix(String name) {
    return switch (name) {
      case "alnum" -> "{Alnum}";
      case "alpha" -> "{Alpha}";
      case "ascii" -> "{ASCII}";
      case "blank" -> "{Blank}";
      case "cntrl" -> "{Cntrl}";
      case "digit" -> "{Digit}";
      case "graph" -> "{Graph}";
      case "lower" -> "{Lower}";
      case "print" -> "{Print}";
      case "punct" -> "{Punct}";
      case "space" -> "{Space}";
      case "upper" -> "{Upper}";
      case "word" -> "{IsWord}";
      case "xdigit" -> "{XDigit}";
      default -> throw new PatternSyntaxException("unknown class", "[:" + name + ":]", -1);
    };
  }

  boolean in(String text) {
    return pattern.matcher(text).find();
  }
}
