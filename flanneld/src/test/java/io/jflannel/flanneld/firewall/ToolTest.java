// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that do not behave must neither stop the repair of rules nor end the daemon. */
class ToolTest {

  private static final Duration SHORT = Duration.ofMillis(500);
  private static final String LARGE = "x".repeat(1 << 20);

  private final List<String> lines = new ArrayList<>();

  private final List<Long> children = new ArrayList<>();

  @AfterEach
  void end() {
    children.forEach(child -> ProcessHandle.of(child).ifPresent(ProcessHandle::destroyForcibly));
  }

  private Tool.Result run(String script, String input) {
    return assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> new Tool().run(List.of("sh", "-c", script), input, lines::add, SHORT));
  }

  @Test
  void linesAreTakenOneByOneAndTheLastOnesKept() {
    Tool.Result result = run("seq 1 9; printf 'no newline' >&2; exit 3", "");

    assertThat(lines).hasSize(10).startsWith("1", "2").endsWith("9", "no newline");
    assertThat(result).isEqualTo(new Tool.Result(3, "5; 6; 7; 8; 9; no newline"));
    assertThat(result.passed()).isFalse();
  }

  @Test
  void whatIsWrittenIsRead() {
    assertThat(run("wc -c", LARGE)).isEqualTo(new Tool.Result(0, "" + LARGE.length()));
    assertThat(run("exit 0", LARGE).passed()).as("ends without reading").isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sleep 60", // says nothing
        "exec >&- 2>&-; sleep 60", // closes its output, and lives
        "sleep 60 & wait", // a wrapper
        "while :; do echo more; sleep 0.01; done"
      })
  void whatDoesNotEndIsKilledAndTold(String script) {
    for (String input : List.of("", LARGE)) { // the pipe takes 64 KiB
      assertThatThrownBy(() -> run(script, input))
          .isInstanceOfSatisfying(FirewallException.class, e -> assertThat(e.isBusy()).isTrue())
          .hasMessageMatching("sh does not end and was killed after [0-3] s");
    }
  }

  @Test // each time a thread and a pipe were lost
  void aChildThatKeepsTheOutputCostsNothing() throws Exception {
    run("exit 0", "");
    int threads = threads();
    long files = files();
    for (int i = 0; i < 20; i++) {
      lines.clear();
      assertThat(run("sleep 20 & echo $!", "")).extracting(Tool.Result::passed).isEqualTo(true);
      children.add(Long.parseLong(lines.getFirst()));
    }

    assertThat(children).allMatch(child -> ProcessHandle.of(child).isPresent());
    await() // which has a thread itself
        .atMost(Duration.ofSeconds(2))
        .until(() -> threads() < threads + 5 && files() < files + 5);
  }

  private static int threads() throws IOException {
    return Integer.parseInt(
        Files.readString(Path.of("/proc/self/status"))
            .replaceAll("(?s).*\nThreads:\t(\\d+)\n.*", "$1"));
  }

  private static long files() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  @Test // M1: 160 MB in one line ended the daemon
  void aLineWithoutEndIsRefused() {
    assertThatThrownBy(() -> run("head -c 200000000 /dev/zero | tr '\\0' x", ""))
        .isInstanceOf(FirewallException.class)
        .hasMessage("the output of sh cannot be read: a line has more than 65536 characters");
    assertThat(lines).isEmpty();
  }

  @Test
  void whatCannotBeStartedIsNamed() {
    assertThatThrownBy(() -> new Tool().run(List.of("/nonexistent/iptables"), "", lines::add))
        .isInstanceOf(FirewallException.class)
        .hasMessageStartingWith("/nonexistent/iptables cannot be started: ");
  }

  @Test
  void aBugInWhoReadsIsNoProblemOfTheProgram() {
    assertThatThrownBy(() ->
            new Tool()
                .run(
                    List.of("echo", "x"),
                    "",
                    _ -> {
                      throw new ArithmeticException("bug");
                    }))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("bug");
  }
}
