// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How to run flanneld.
 *
 * @param command without flanneld's flags
 */
public record Program(List<String> command) {

  /** System property that the assembled {@code jflannel} sets: the path of its flanneld. */
  public static final String PROPERTY = "jflannel.flanneld";

  private static final String MAIN = "io.jflannel.flanneld.daemon.Flanneld";

  public Program {
    command = List.copyOf(command);
  }

  /**
   * The launcher's flanneld if {@value #PROPERTY} names one; else the main class on this JVM's own
   * class path, with the launcher's flags, as the tests need it.
   */
  public static Program found() {
    return Optional.ofNullable(System.getProperty(PROPERTY))
        .map(path -> new Program(List.of(path)))
        .orElseGet(Program::onThisClassPath);
  }

  private static Program onThisClassPath() {
    return new Program(
        List.of(
            Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path", ""),
            MAIN));
  }
}
