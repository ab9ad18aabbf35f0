// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.ProcessImage;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The daemon runs without the optimising compiler, which takes memory and time that a control loop
 * does not need; a user-space data path is three times as fast with it. Which backend is asked for
 * is only known when the JVM runs, so it is started again, in the same process (ADR 7).
 *
 * @param arguments of the command line
 */
record OptimisedJvm(List<String> arguments, Map<String, String> environment) {

  /** Set by the program that starts us. */
  private static final String LAUNCHER = "JFLANNEL_LAUNCHER";

  private static final String OPTIONS = "JFLANNEL_JAVA_OPTS";
  private static final String FLAG = "-XX:TieredStopAtLevel=";

  /** Not before it is needed: this is made before logging is configured. */
  private static System.Logger log() {
    return System.getLogger(OptimisedJvm.class.getName());
  }

  /** Comes back if this is such a JVM, or cannot become one. */
  void demand() {
    launcher()
        .ifPresent(launcher -> {
          log().log(Level.INFO, "Starting again with the optimising compiler, for the data path");
          try {
            ProcessImage.replace(launcher, arguments, compiling());
          } catch (LinuxException e) {
            log().log(Level.WARNING, "The data path will be slow: {0}", e.getMessage());
          }
        });
  }

  /** Empty if whoever started us has chosen the compiler already. */
  Optional<Path> launcher() {
    return Optional.ofNullable(environment.get(LAUNCHER))
        .filter(_ -> !options().contains(FLAG))
        .map(Path::of);
  }

  private String options() {
    return environment.getOrDefault(OPTIONS, "");
  }

  Map<String, String> compiling() {
    Map<String, String> changed = new HashMap<>(environment);
    changed.put(OPTIONS, (options() + " " + FLAG + "4").strip());
    return changed;
  }
}
