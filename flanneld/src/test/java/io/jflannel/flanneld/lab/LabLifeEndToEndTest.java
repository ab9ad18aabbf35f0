// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.ProcessIdentity;
import io.jflannel.flanneld.lab.process.Program;
import io.jflannel.flanneld.lab.process.RunDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lab in a process of its own that is interrupted or killed. */
@Timeout(60)
class LabLifeEndToEndTest {

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab();
  }

  @Test
  void interruptedItLeavesNoTrace() throws Exception {
    try (LabProcess lab = LabProcess.start()) {
      List<ProcessIdentity> processes = lab.processes();

      Commands.script("kill -INT " + lab.process().pid());
      lab.process().waitFor();

      assertThat(processes).hasSize(2).noneMatch(ProcessIdentity::alive);
      assertThat(lab.namespaces()).isEmpty();
      assertThat(lab.run().path()).doesNotExist();
    }
  }

  @Test
  void killedItIsCleanedByWhoeverComesLater() throws Exception {
    try (LabProcess lab = LabProcess.start()) {
      List<ProcessIdentity> processes = lab.processes();

      lab.process().destroyForcibly().waitFor();

      assertThat(processes).hasSize(2).allMatch(ProcessIdentity::alive);
      assertThat(lab.run().owned()).isFalse();
      lab.run().remove(); // what --clean does for each such run
      assertThat(processes).noneMatch(ProcessIdentity::alive);
      assertThat(lab.namespaces()).isEmpty();
      assertThat(lab.run().path()).doesNotExist();
    }
  }

  /** {@code jflannel lab --nodes=1}: one flanneld, one iperf3. */
  private record LabProcess(Process process) implements AutoCloseable {

    static LabProcess start() throws IOException {
      // without env it would inherit that background jobs of a script ignore SIGINT
      List<String> clean = List.of("env", "--default-signal=INT");
      List<String> java = Program.found().command();
      List<String> command =
          Commands.concat(
              Commands.concat(clean, java.subList(0, java.size() - 1)),
              List.of("io.jflannel.flanneld.cli.command.Jflannel", "lab", "--nodes=1"));
      LabProcess lab =
          new LabProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
      lab.awaitUp();
      return lab;
    }

    private void awaitUp() throws IOException {
      StringBuilder seen = new StringBuilder();
      BufferedReader output = process.inputReader(UTF_8);
      for (String line : (Iterable<String>) output.lines()::iterator) {
        seen.append(line).append('\n');
        if (line.startsWith("Ctrl-C ends the lab")) {
          return;
        }
      }
      throw new IOException("the lab did not come up:\n" + seen);
    }

    RunDirectory run() {
      return new RunDirectory(Path.of("/run/jflannel-lab/jfl" + process.pid()));
    }

    List<ProcessIdentity> processes() throws IOException {
      try (Stream<Path> files = Files.list(run().path().resolve("pids"))) {
        return files.flatMap(file -> ProcessIdentity.read(file).stream()).toList();
      }
    }

    List<String> namespaces() throws IOException {
      try (Stream<Path> files = Files.list(Path.of("/run/netns"))) {
        String prefix = run().prefix() + "-";
        return files
            .map(f -> f.getFileName().toString())
            .filter(f -> f.startsWith(prefix))
            .toList();
      }
    }

    @Override
    public void close() {
      try {
        process.destroyForcibly().waitFor();
        run().remove();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
