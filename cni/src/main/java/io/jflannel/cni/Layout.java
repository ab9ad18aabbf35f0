// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import io.jflannel.json.Json;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How JSON is laid out for CNI, and names that, unlike those of Go's structs, match exactly. */
public final class Layout {

  private Layout() {}

  /** Two blanks a level, one member or item a line, no line end at the end. */
  public static String indented(Json json) {
    StringBuilder out = new StringBuilder();
    print(json, "\n", out);
    return out.toString();
  }

  private static void print(Json json, String lineStart, StringBuilder out) {
    String inner = lineStart + "  ";
    switch (json) {
      case Json.Obj(List<Json.Member> members) when !members.isEmpty() -> {
        char separator = '{';
        for (Json.Member member : members) {
          out.append(separator).append(inner);
          out.append(new Json.Str(member.name()).text()).append(": ");
          print(member.value(), inner, out);
          separator = ',';
        }
        out.append(lineStart).append('}');
      }
      case Json.Arr(List<Json> items) when !items.isEmpty() -> {
        char separator = '[';
        for (Json item : items) {
          out.append(separator).append(inner);
          print(item, inner, out);
          separator = ',';
        }
        out.append(lineStart).append(']');
      }
      case Json.Obj _, Json.Arr _, Json.Str _, Json.Num _, Json.Bool _, Json.Null _ ->
          out.append(json.text());
    }
  }

  /** The members by name; of one that is there twice, the last. */
  static Map<String, Json> members(Json.Obj object) {
    Map<String, Json> members = new TreeMap<>();
    object.members().forEach(member -> members.put(member.name(), member.value()));
    return members;
  }

  /** The last member of exactly that name. */
  public static Optional<Json> member(Json.Obj object, String name) {
    return object.members().reversed().stream()
        .filter(member -> member.name().equals(name))
        .map(Json.Member::value)
        .findFirst();
  }

  /** The same value with the names of all objects sorted and unique, as Go writes its maps. */
  static Json sorted(Json json) {
    return switch (json) {
      case Json.Obj object -> sorted(members(object));
      case Json.Arr(List<Json> items) -> new Json.Arr(items.stream().map(Layout::sorted).toList());
      case Json.Str _, Json.Num _, Json.Bool _, Json.Null _ -> json;
    };
  }

  static Json.Obj sorted(Map<String, Json> members) {
    return new Json.Obj(
        new TreeMap<>(members)
            .entrySet().stream()
                .map(entry -> new Json.Member(entry.getKey(), sorted(entry.getValue())))
                .toList());
  }
}
