// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptimisedJvmTest {

  private static OptimisedJvm jvm(Map<String, String> environment) {
    return new OptimisedJvm(List.of("-v=1"), environment);
  }

  @Test
  void itIsStartedAgainOnceAndOnlyByItsLauncher() {
    Map<String, String> first =
        Map.of("JFLANNEL_LAUNCHER", "/opt/flanneld", "JFLANNEL_JAVA_OPTS", "-Dx=y");
    assertThat(jvm(first).launcher()).contains(Path.of("/opt/flanneld"));
    Map<String, String> second = jvm(first).compiling();
    assertThat(second)
        .containsEntry("JFLANNEL_JAVA_OPTS", "-Dx=y -XX:TieredStopAtLevel=4")
        .containsEntry("JFLANNEL_LAUNCHER", "/opt/flanneld");
    assertThat(jvm(second).launcher()).isEmpty();
    assertThat(jvm(Map.of()).launcher()).isEmpty();
  }

  @Test
  void whoChoosesTheCompilerIsLeftAlone() {
    Map<String, String> chosen =
        Map.of(
            "JFLANNEL_LAUNCHER", "/opt/flanneld", "JFLANNEL_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
    assertThat(jvm(chosen).launcher()).isEmpty();
  }
}
