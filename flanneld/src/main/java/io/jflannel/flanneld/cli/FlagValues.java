// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The values of flags whose text was checked. No record: its text would show passwords. */
final class FlagValues {

  private final Map<String, Flag> flags;
  private final Map<String, List<String>> given;

  FlagValues(Map<String, Flag> flags, Map<String, List<String>> given) {
    this.flags = flags;
    this.given = Map.copyOf(given);
  }

  /** These values, and those of {@code others} for flags that are not given here. */
  FlagValues or(Map<String, List<String>> others) {
    Map<String, List<String>> all = new HashMap<>(others);
    all.putAll(given);
    return new FlagValues(flags, all);
  }

  boolean isGiven(String name) {
    return given.containsKey(flag(name).name());
  }

  /** The last value given, else the default. */
  String text(String name) {
    List<String> values = given.get(name);
    return values == null ? flag(name).initial() : values.getLast();
  }

  /** All values given, in order. */
  List<String> texts(String name) {
    flag(name);
    return given.getOrDefault(name, List.of());
  }

  boolean bool(String name) {
    return GoText.bool(text(name)).orElseThrow();
  }

  long integer(String name) {
    return GoText.integer(text(name));
  }

  /** A log level: decimal only. */
  int level(String name) {
    return (int) GoText.decimal(text(name));
  }

  <E extends Enum<E>> E choice(String name, Class<E> type) {
    return Enum.valueOf(type, text(name).toUpperCase(Locale.ROOT));
  }

  private Flag flag(String name) {
    Flag flag = flags.get(name);
    if (flag == null) {
      throw new IllegalArgumentException("no flag " + name + " is declared");
    }
    return flag;
  }
}
