// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A flag as Go's flag package knows it.
 *
 * @param word type in the usage text; empty for a boolean flag, which takes no separate value
 * @param initial the value if it is not given
 * @param shown the default as the usage shows it; empty for the type's zero value
 * @param problem what is wrong with a value's text, if anything
 */
record Flag(
    String name,
    String word,
    String initial,
    String shown,
    String description,
    Function<String, Optional<String>> problem) {

  static Flag bool(String name, boolean initial, String description) {
    return new Flag(
        name,
        "",
        Boolean.toString(initial),
        initial ? "true" : "",
        description,
        text -> GoText.bool(text).isPresent() ? Optional.empty() : Optional.of("parse error"));
  }

  static Flag text(String name, String initial, String description) {
    String shown = initial.isEmpty() ? "" : GoText.quote(initial);
    return new Flag(name, "string", initial, shown, description, text -> Optional.empty());
  }

  static Flag integer(String name, int initial, String description) {
    String text = Integer.toString(initial);
    return new Flag(
        name, "int", text, initial == 0 ? "" : text, description, GoText::integerProblem);
  }

  /** One of a few words, the first of which is the default. */
  static Flag choice(String name, List<String> words, String description) {
    String all = String.join(", ", words.subList(0, words.size() - 1)) + " or " + words.getLast();
    return new Flag(
        name,
        "string",
        words.getFirst(),
        GoText.quote(words.getFirst()),
        description,
        text -> words.contains(text) ? Optional.empty() : Optional.of("expect " + all));
  }

  /** A flag with its own type in Go, without a default to show. */
  static Flag value(
      String name, String initial, String description, Function<String, Optional<String>> problem) {
    return new Flag(name, "value", initial, "", description, problem);
  }

  boolean isBool() {
    return word.isEmpty();
  }
}
