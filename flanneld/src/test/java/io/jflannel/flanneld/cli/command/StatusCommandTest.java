// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.status.About;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.status.StatusDocument;
import io.jflannel.json.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "mkfifo x | x is no status file, or a damaged one: it is no regular file",
        "mkdir x | x is no status file, or a damaged one: it is no regular file",
        "ln -s /dev/zero x | x is no status file, or a damaged one: it is no regular file",
        "truncate -s 100M x | x is no status file, or a damaged one: it has 104857600 bytes, more",
        "true > x | x is no status file, or a damaged one: no JSON: the text is empty",
        "head -c 300 status.json > x | x is no status file, or a damaged one: no JSON: ",
        "printf '\\377\\000' > x | x is no status file, or a damaged one: no JSON: ",
        "echo '{\"pid\":1,\"peers\":5}' > x | damaged one: an object was expected where 5 stands",
        "ln -s x x | Too many levels of symbolic links",
      })
  @Timeout(60)
  void whatIsNoStatusIsToldAndNotWaitedFor(String made, String message) throws Exception {
    write(ProcessHandle.current().pid());
    Process shell = new ProcessBuilder("sh", "-ec", made).directory(directory.toFile()).start();
    assertThat(shell.waitFor()).isZero();

    int status = run("status", "--file", directory.resolve("x").toString());

    assertThat(status).isEqualTo(1);
    assertThat(err.toString()).contains(message).doesNotContain("java.", "Source:");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void whatAnotherVersionWroteIsShownAsFarAsItIsKnown() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("status.json"),
            "{\"version\":\"9.0\",\"pid\":%d,\"ready\":true,\"later\":[1]}"
                .formatted(ProcessHandle.current().pid()));

    assertThat(run("status", "--file", file.toString())).isZero();
    assertThat(out.toString()).contains("running, version 9.0", "ready        yes");
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
