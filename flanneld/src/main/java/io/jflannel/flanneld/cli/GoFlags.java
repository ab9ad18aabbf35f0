// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A command line in the syntax of Go's flag package (spec CLI-3, CLI-4). Its messages are Go's, to
 * the letter.
 */
final class GoFlags {

  sealed interface Outcome {}

  /**
   * @param ignored how many arguments stand behind the one that ended the flags
   */
  record Parsed(FlagValues values, int ignored) implements Outcome {}

  /** {@code -h}, {@code -help} and the like. */
  record HelpAsked() implements Outcome {}

  record Refused(String message) implements Outcome {}

  private final TreeMap<String, Flag> flags = new TreeMap<>();

  GoFlags(List<Flag> flags) {
    for (Flag flag : flags) {
      this.flags.put(flag.name(), flag);
    }
  }

  /** All flags in alphabetical order. */
  Iterable<Flag> all() {
    return flags.values();
  }

  Outcome parse(List<String> arguments) {
    Map<String, List<String>> given = new HashMap<>();
    int at = 0;
    while (at < arguments.size() && looksLikeFlag(arguments.get(at))) {
      String argument = arguments.get(at++);
      if (argument.equals("--")) {
        break;
      }
      String body = argument.substring(argument.startsWith("--") ? 2 : 1);
      int equals = body.indexOf('=');
      String name = equals < 0 ? body : body.substring(0, equals);
      Flag flag = flags.get(name);
      if (flag == null) {
        return unknown(argument, name);
      }
      String value;
      if (equals >= 0) {
        value = body.substring(equals + 1);
      } else if (flag.isBool()) {
        value = "true";
      } else if (at < arguments.size()) {
        value = arguments.get(at++);
      } else {
        return new Refused("flag needs an argument: -" + name);
      }
      Optional<String> problem = flag.problem().apply(value);
      if (problem.isPresent()) {
        return new Refused(refusal(flag, value) + problem.get());
      }
      given.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
    }
    return new Parsed(new FlagValues(flags, given), arguments.size() - at);
  }

  private static Outcome unknown(String argument, String name) {
    if (name.isEmpty() || name.startsWith("-")) {
      return new Refused("bad flag syntax: " + withoutValue(argument, name));
    }
    return name.equals("h") || name.equals("help")
        ? new HelpAsked()
        : new Refused("flag provided but not defined: -" + name);
  }

  private static boolean looksLikeFlag(String argument) {
    return argument.length() > 1 && argument.startsWith("-");
  }

  /** A value behind a name may be a password, however wrong the dashes are. */
  private static String withoutValue(String argument, String name) {
    int equals = argument.indexOf('=');
    return name.isEmpty() || equals < 0 ? argument : argument.substring(0, equals + 1) + "…";
  }

  private static String refusal(Flag flag, String value) {
    return flag.isBool()
        ? "invalid boolean value " + GoText.quote(value) + " for -" + flag.name() + ": "
        : "invalid value " + GoText.quote(value) + " for flag -" + flag.name() + ": ";
  }

  /**
   * The usage text (CLI-4).
   *
   * @param program {@code argv[0]}
   */
  String usage(String program) {
    StringBuilder out = new StringBuilder("Usage: ").append(program).append(" [OPTION]...\n");
    for (Flag flag : flags.values()) {
      out.append("  -").append(flag.name());
      if (!flag.isBool()) {
        out.append(' ').append(flag.word());
      }
      out.append("\n    \t").append(flag.description());
      if (!flag.shown().isEmpty()) {
        out.append(" (default ").append(flag.shown()).append(')');
      }
      out.append('\n');
    }
    return out.toString();
  }
}
