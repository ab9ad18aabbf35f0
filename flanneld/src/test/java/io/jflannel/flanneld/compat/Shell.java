// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/** Shell scripts in namespaces. */
final class Shell {

  private Shell() {}

  /** Runs a script, which ends at its first failure; it must not fail. */
  static String run(String namespace, String script) throws Exception {
    Process process =
        new ProcessBuilder("nsenter", "--net=/run/netns/" + namespace, "sh", "-e")
            .redirectErrorStream(true)
            .start();
    try (var input = process.outputWriter(UTF_8)) {
      input.write(script);
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", script, output).isZero();
    return output;
  }
}
