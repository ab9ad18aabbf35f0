// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.subnetfile;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The dotenv syntax of SF-5: {@code KEY=value} or {@code KEY: value} a line, {@code #} comments, an
 * optional {@code export }, quotes around the value.
 */
final class DotEnv {

  private static final Pattern LINE =
      Pattern.compile("(?:export\\s+)?(?<key>[A-Za-z0-9_.]+)\\s*[=:]\\s*(?<value>.*)");
  private static final Pattern QUOTED =
      Pattern.compile("(?<quote>[\"'])(?<text>.*?)\\k<quote>\\s*(?:#.*)?");
  private static final Pattern COMMENT = Pattern.compile("(?:^|\\s+)#.*$");

  private DotEnv() {}

  /** The variables, later ones over earlier ones; empty if any line is no line of a dotenv file. */
  static Optional<Map<String, String>> parse(String text) {
    Map<String, String> variables = new HashMap<>();
    for (String raw : text.lines().toList()) {
      String line = raw.strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      Matcher parts = LINE.matcher(line);
      if (!parts.matches()) {
        return Optional.empty();
      }
      Optional<String> value = value(parts.group("value"));
      if (value.isEmpty()) {
        return Optional.empty();
      }
      variables.put(parts.group("key"), value.get());
    }
    return Optional.of(variables);
  }

  private static Optional<String> value(String raw) {
    if (raw.startsWith("\"") || raw.startsWith("'")) {
      Matcher quoted = QUOTED.matcher(raw);
      return quoted.matches() ? Optional.of(quoted.group("text")) : Optional.empty();
    }
    return Optional.of(COMMENT.matcher(raw).replaceFirst("").strip());
  }
}
