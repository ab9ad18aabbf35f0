// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.json.Json;
import io.jflannel.flanneld.status.About;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.status.StatusDocument;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatusCommandTest {

  /** Larger than any pid Linux gives (PID_MAX_LIMIT is 2^22). */
  private static final long NOBODY = 1 << 30;

  @TempDir Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void printsTheStatusOfARunningDaemon() throws IOException {
    Path file = write(ProcessHandle.current().pid());

    int status = run("status", "--file", file.toString());

    assertThat(status).isEqualTo(3); // runs, not ready
    assertThat(out.toString()).startsWith("daemon       running, version 0.1.0, pid ");
    assertThat(out.toString()).contains("- waiting for X\n");
  }

  @Test
  void printsTheFileAsItIs() throws IOException {
    Path file = write(ProcessHandle.current().pid());

    run("status", "--json", "--file", file.toString());

    assertThat(out.toString()).isEqualTo(Files.readString(file));
  }

  @Test
  void aDeadDaemonIsTold() throws IOException {
    int status = run("status", "--file", write(NOBODY).toString());

    assertThat(status).isEqualTo(4);
    assertThat(out.toString()).startsWith("daemon       NOT RUNNING");
  }

  @Test
  void aMissingFileIsTold() {
    int status = run("status", "--file", directory.resolve("none").toString());

    assertThat(status).isEqualTo(1);
    assertThat(err.toString()).contains("none does not exist");
  }

  @Test
  void anotherFileIsNoStatusFile() throws IOException {
    Path file = Files.writeString(directory.resolve("x"), "FLANNEL_MTU=1450\n");

    int status = run("status", "--file", file.toString());

    assertThat(status).isEqualTo(1);
    assertThat(err.toString()).contains("is no status file");
  }

  private Path write(long pid) throws IOException {
    About about =
        new About(
            "0.1.0", pid, Instant.EPOCH, new Json.Obj(List.of()), Path.of("/run/x/subnet.env"));
    Facts facts = Facts.atStart().waitingFor("waiting for X");
    return Files.writeString(
        directory.resolve("status.json"),
        StatusDocument.of(about, facts, Instant.now()).text() + "\n");
  }

  private int run(String... arguments) {
    return Jflannel.commands()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }
}
