// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * Typed access to the members of an object by the rules of Go's decoder (spec NET-1, NET-2; {@code
 * backends.md} 1.2): names match without regard to case, unknown ones are ignored, every occurrence
 * must have the right type and the last one wins, {@code null} leaves what was there before.
 *
 * <p>Every error is a {@link JsonException} that names the field, its value and the rule.
 *
 * @param where put before a field's name in messages, such as {@code Backend.}; may be empty
 * @param object what is read
 */
public record JsonFields(String where, Json.Obj object) {

  private static final Json.Obj EMPTY = new Json.Obj(List.of());
  private static final int SHOWN = 64;

  /** What {@code null} means; Go decides by the type of the field it decodes into. */
  public enum NullRule {
    /** Leaves the value of an earlier occurrence: Go's plain types. */
    KEEPS,
    /** Means absent: Go's pointers. */
    CLEARS,
    /** An error: Go's types with their own decoder. */
    REFUSED
  }

  /**
   * The fields of a whole document; a document that is only {@code null} equals {@code {}} (NET-2).
   *
   * @param what the document's name in the message
   * @throws JsonException if it is neither an object nor null
   */
  public static JsonFields ofDocument(String what, Json json) {
    return switch (json) {
      case Json.Obj object -> new JsonFields("", object);
      case Json.Null nothing -> new JsonFields("", EMPTY);
      case Json.Arr _, Json.Str _, Json.Num _, Json.Bool _ ->
          throw new JsonException(what + " is " + kind(json) + ", must be an object");
    };
  }

  /** The object in a field, or no fields if it is absent or null. */
  public JsonFields fields(String name) {
    return new JsonFields(
        where + name + ".", last(name, NullRule.KEEPS, json -> object(name, json)).orElse(EMPTY));
  }

  private Json.Obj object(String name, Json json) {
    if (json instanceof Json.Obj found) {
      return found;
    }
    throw wrong(name, json, "must be an object");
  }

  public Optional<String> string(String name) {
    return string(name, NullRule.KEEPS);
  }

  public Optional<String> string(String name, NullRule rule) {
    return text(name, rule, Function.identity());
  }

  /**
   * A string that is read further.
   *
   * @param reader its IllegalArgumentException becomes the reason in the error
   */
  public <T> Optional<T> text(String name, NullRule rule, Function<String, T> reader) {
    return last(
        name,
        rule,
        json -> {
          if (!(json instanceof Json.Str string)) {
            throw wrong(name, json, "must be a string");
          }
          try {
            return reader.apply(string.value());
          } catch (IllegalArgumentException e) {
            throw new JsonException(where + name + ": " + e.getMessage());
          }
        });
  }

  public Optional<Boolean> bool(String name) {
    return last(
        name,
        NullRule.KEEPS,
        json -> {
          if (json instanceof Json.Bool bool) {
            return bool.value();
          }
          throw wrong(name, json, "must be true or false");
        });
  }

  /** An integer not below 0; one beyond 2^63 - 1 is refused. */
  public OptionalLong uint(String name) {
    return integer(name, 0, Long.MAX_VALUE);
  }

  /**
   * An integer from {@code min} to {@code max}: digits with an optional minus sign; fractions,
   * exponents ({@code 24.0}, {@code 1e2}) and strings are refused. {@code -0} is refused where
   * {@code min} is 0 or more, as Go's unsigned types do.
   */
  public OptionalLong integer(String name, long min, long max) {
    return last(name, NullRule.KEEPS, json -> integer(name, json, min, max))
        .map(OptionalLong::of)
        .orElseGet(OptionalLong::empty);
  }

  private long integer(String name, Json json, long min, long max) {
    String rule =
        max == Long.MAX_VALUE
            ? min == 0 ? "must be an integer not below 0" : "must be an integer"
            : "must be an integer from " + min + " to " + max;
    if (json instanceof Json.Num(String literal) && !(min >= 0 && literal.startsWith("-"))) {
      try {
        long value = Long.parseLong(literal);
        if (value >= min && value <= max) {
          return value;
        }
      } catch (NumberFormatException e) {
        throw wrong(name, json, rule);
      }
    }
    throw wrong(name, json, rule);
  }

  /** The last occurrence as it stands, {@code null} included; Go's raw message. */
  public Optional<Json> raw(String name) {
    for (Json.Member member : object.members().reversed()) {
      if (member.name().equalsIgnoreCase(name)) {
        return Optional.of(member.value());
      }
    }
    return Optional.empty();
  }

  private <T> Optional<T> last(String name, NullRule rule, Function<Json, T> reader) {
    Optional<T> value = Optional.empty();
    for (Json.Member member : object.members()) {
      if (!member.name().equalsIgnoreCase(name)) {
        continue;
      }
      if (!(member.value() instanceof Json.Null)) {
        value = Optional.of(reader.apply(member.value()));
      } else {
        value =
            switch (rule) {
              case KEEPS -> value;
              case CLEARS -> Optional.empty();
              case REFUSED -> throw new JsonException(where + name + ": null is not allowed here");
            };
      }
    }
    return value;
  }

  private JsonException wrong(String name, Json json, String rule) {
    String text = json.text();
    String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    // that a number is one says nothing about why it is the wrong one
    String kind = json instanceof Json.Num ? " " : " is " + kind(json) + ", ";
    return new JsonException(where + name + ": " + shown + kind + rule);
  }

  private static String kind(Json json) {
    return switch (json) {
      case Json.Obj _ -> "an object";
      case Json.Arr _ -> "an array";
      case Json.Str _ -> "a string";
      case Json.Num _ -> "a number";
      case Json.Bool _ -> "a boolean";
      case Json.Null _ -> "null";
    };
  }
}
