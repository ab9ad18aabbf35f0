// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli;

import io.jflannel.flanneld.cli.CommandLine.Bad;
import io.jflannel.flanneld.cli.CommandLine.Help;
import io.jflannel.flanneld.cli.CommandLine.Run;
import io.jflannel.flanneld.cli.CommandLine.Version;
import io.jflannel.flanneld.config.ConfigException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** flanneld's command line and {@code FLANNELD_*} (spec 1.1 to 1.4), read and checked. Pure. */
public final class FlanneldFlags {

  private static final String PREFIX = "FLANNELD_";

  private static final List<String> ETCD =
      List.of(
          "etcd-endpoints",
          "etcd-prefix",
          "etcd-keyfile",
          "etcd-certfile",
          "etcd-cafile",
          "etcd-username",
          "etcd-password",
          "etcd-api");

  private FlanneldFlags() {}

  /**
   * Command line, then environment, then defaults (CLI-5).
   *
   * @param program {@code argv[0]}, for the usage text
   * @param arguments without the program
   * @param environment the process environment
   */
  public static CommandLine read(
      String program, List<String> arguments, Map<String, String> environment) {
    GoFlags flags = FlagTable.flanneld();
    return switch (flags.parse(arguments)) {
      case GoFlags.HelpAsked _ -> new Help(flags.usage(program));
      case GoFlags.Refused refused ->
          new Bad(Bad.MALFORMED, refused.message(), flags.usage(program));
      // CLI-5: the version is asked for before the environment is read
      case GoFlags.Parsed parsed when parsed.values().bool("version") -> new Version();
      case GoFlags.Parsed parsed -> withEnvironment(flags, parsed, environment);
    };
  }

  private static CommandLine withEnvironment(
      GoFlags flags, GoFlags.Parsed parsed, Map<String, String> environment) {
    Map<String, List<String>> fromEnvironment = new HashMap<>();
    List<String> problems = new ArrayList<>();
    for (Flag flag : flags.all()) {
      String variable = variable(flag.name());
      String value = environment.getOrDefault(variable, "");
      // CLI-5: FLANNELD_VERSION has no effect whatever it holds
      if (value.isEmpty()
          || parsed.values().isGiven(flag.name())
          || flag.name().equals("version")) {
        continue;
      }
      Optional<String> problem = flag.problem().apply(value);
      problem.ifPresent(text ->
          problems.add(
              "invalid value %s in the environment variable %s for flag -%s: %s"
                  .formatted(GoText.quote(value), variable, flag.name(), text)));
      fromEnvironment.put(flag.name(), List.of(value));
    }
    if (!problems.isEmpty()) { // ODD-2
      return new Bad(Bad.MALFORMED, String.join("\n", problems), "");
    }
    FlagValues values = parsed.values().or(fromEnvironment);
    try {
      List<String> warnings = new ArrayList<>(unknown(flags, environment));
      warnings.addAll(warnings(values, parsed.ignored()));
      return new Run(OptionsReader.read(values), warnings);
    } catch (ConfigException e) {
      return new Bad(Bad.UNUSABLE, e.getMessage() + origin(fromEnvironment.keySet()), "");
    }
  }

  /** Which flags nobody finds on the command line. */
  private static String origin(Set<String> fromEnvironment) {
    return fromEnvironment.isEmpty()
        ? ""
        : fromEnvironment.stream()
            .map(FlanneldFlags::variable)
            .sorted()
            .collect(Collectors.joining(", ", " (from the environment: ", ")"));
  }

  /** Mistyped ones, as a rule; upstream says nothing. */
  private static List<String> unknown(GoFlags flags, Map<String, String> environment) {
    Set<String> known = new HashSet<>();
    flags.all().forEach(flag -> known.add(variable(flag.name())));
    return environment.keySet().stream()
        .filter(name -> name.startsWith(PREFIX) && !known.contains(name))
        .sorted()
        .map(name -> "The environment variable " + name + " belongs to no flag")
        .toList();
  }

  /** CLI-5: {@code FLANNELD_} and the flag's name in upper case. */
  private static String variable(String name) {
    return PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_');
  }

  private static List<String> warnings(FlagValues values, int ignored) {
    List<String> warnings = new ArrayList<>();
    if (ignored > 0) {
      warnings.add(
          "Ignoring "
              + ignored
              + " argument(s) from the first one on that is no flag; a boolean flag takes its"
              + " value as in -ip-masq=true");
    }
    for (String name : List.of("vmodule", "log_backtrace_at")) {
      if (!values.text(name).isEmpty()) {
        warnings.add("Flag -" + name + " has no effect");
      }
    }
    if (!values.text("local-store").isEmpty()) {
      ETCD.stream()
          .filter(values::isGiven)
          .forEach(name -> warnings.add("Flag -" + name + " has no effect beside -local-store"));
    }
    return warnings;
  }
}
