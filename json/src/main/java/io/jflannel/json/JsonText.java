// SPDX-License-Identifier: Apache-2.0
package io.jflannel.json;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/** JSON text, in and out. */
final class JsonText {

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
          .build();

  /** What Jackson adds for programmers: where it would show its source, and code points. */
  private static final Pattern NOISE =
      Pattern.compile(" \\(start marker at \\[.*]\\)| \\(code \\d+\\)");

  private JsonText() {}

  static Json parse(String text) {
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new JsonException("no JSON: the text is empty");
      }
      Json json = value(parser, first);
      if (parser.nextToken() != null) {
        throw new JsonException(
            "text after the end of the JSON document" + at(parser.currentTokenLocation()));
      }
      return json;
    } catch (JacksonException e) {
      String what = NOISE.matcher(e.getOriginalMessage()).replaceAll("");
      throw new JsonException("no JSON: " + what + at(e.getLocation()));
    }
  }

  private static Json value(JsonParser parser, JsonToken token) {
    return switch (token) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> array(parser);
      case VALUE_STRING -> new Json.Str(wellFormed(parser.getString()));
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Json.Num(parser.getString());
      case VALUE_TRUE -> new Json.Bool(true);
      case VALUE_FALSE -> new Json.Bool(false);
      case VALUE_NULL -> new Json.Null();
      default ->
          throw new JsonException("no JSON value: " + token + at(parser.currentTokenLocation()));
    };
  }

  private static Json object(JsonParser parser) {
    List<Json.Member> members = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = wellFormed(parser.currentName());
      members.add(new Json.Member(name, value(parser, parser.nextToken())));
    }
    return new Json.Obj(members);
  }

  private static Json array(JsonParser parser) {
    List<Json> items = new ArrayList<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      items.add(value(parser, token));
    }
    return new Json.Arr(items);
  }

  /** As Go's decoder: half of a surrogate pair becomes U+FFFD. */
  private static String wellFormed(String text) {
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        repaired = repaired == null ? new StringBuilder(text) : repaired;
        repaired.setCharAt(i, '\ufffd');
      }
    }
    return repaired == null ? text : repaired.toString();
  }

  /** Jackson names no place when one of its limits is exceeded. */
  private static String at(@Nullable TokenStreamLocation where) {
    return where == null
        ? ""
        : " (line " + where.getLineNr() + ", column " + where.getColumnNr() + ")";
  }

  static String print(Json json) {
    StringBuilder out = new StringBuilder();
    print(json, out);
    return out.toString();
  }

  private static void print(Json json, StringBuilder out) {
    switch (json) {
      case Json.Obj object -> {
        String separator = "{";
        for (Json.Member member : object.members()) {
          out.append(separator);
          quote(member.name(), out);
          out.append(':');
          print(member.value(), out);
          separator = ",";
        }
        out.append(object.members().isEmpty() ? "{}" : "}");
      }
      case Json.Arr array -> {
        String separator = "[";
        for (Json item : array.items()) {
          out.append(separator);
          print(item, out);
          separator = ",";
        }
        out.append(array.items().isEmpty() ? "[]" : "]");
      }
      case Json.Str string -> quote(string.value(), out);
      case Json.Num number -> out.append(number.literal());
      case Json.Bool bool -> out.append(bool.value());
      case Json.Null nothing -> out.append("null");
    }
  }

  /** As Go's encoder: HTML characters and U+2028/9 are escaped. */
  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '<', '>', '&', '\u2028', '\u2029' -> unicode(c, out);
        default -> {
          if (c < 0x20) {
            unicode(c, out);
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static void unicode(char c, StringBuilder out) {
    out.append("\\u").append(HexFormat.of().toHexDigits(c));
  }
}
