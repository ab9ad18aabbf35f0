// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

import java.util.List;
import java.util.Optional;

/**
 * A JSON value. Object members keep their order; {@link Obj#member} matches names without regard to
 * case and takes the last of several, as Go's decoder does (NET-1).
 */
public sealed interface Json {

  /**
   * Parses one JSON document.
   *
   * @throws JsonException naming line and column; also on trailing text, empty input and nesting
   *     deeper than 64
   */
  static Json parse(String text) {
    return JsonText.parse(text);
  }

  /**
   * Compact text, as Go's encoder writes it: no blanks, {@code <}, {@code >} and {@code &} escaped
   * as \\u003c and so on.
   */
  default String text() {
    return JsonText.print(this);
  }

  /** An object; names may repeat. */
  record Obj(List<Member> members) implements Json {
    public Obj {
      members = List.copyOf(members);
    }

    /**
     * The last member whose name equals {@code name} ignoring case; a {@code null} value counts as
     * absent.
     */
    public Optional<Json> member(String name) {
      for (int i = members.size() - 1; i >= 0; i--) {
        Member member = members.get(i);
        if (member.name().equalsIgnoreCase(name)) {
          return member.value() instanceof Null ? Optional.empty() : Optional.of(member.value());
        }
      }
      return Optional.empty();
    }
  }

  /** A member of an object. */
  record Member(String name, Json value) {}

  /** An array. */
  record Arr(List<Json> items) implements Json {
    public Arr {
      items = List.copyOf(items);
    }
  }

  /** A string; halves of surrogate pairs are replaced by U+FFFD when it is parsed. */
  record Str(String value) implements Json {}

  /** A number, kept as its text: the reader decides what range and form it accepts. */
  record Num(String literal) implements Json {}

  /** {@code true} or {@code false}. */
  record Bool(boolean value) implements Json {}

  /** {@code null}. */
  record Null() implements Json {}
}
