// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.cli.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.files.Reasons;
import io.jflannel.flanneld.status.StatusText;
import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jflannel status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Shows how the daemon on this host is: lease, peers, store, last pass.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the node is ready",
      "1:the status cannot be read",
      "3:the daemon runs, the node is not ready",
      "4:the daemon that wrote the status does not run"
    })
final class StatusCommand implements Callable<Integer> {

  /** A peer takes some 200 bytes: room for 100,000. */
  private static final long LARGEST = 20 << 20;

  private static final int UNREADABLE = 1;
  private static final int NOT_READY = 3;
  private static final int NOT_RUNNING = 4;

  @Option(names = "--json", description = "Print the status file as it is.")
  private boolean json;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      defaultValue = "/run/flannel/status.json",
      description = "The daemon's --status-file (default: ${DEFAULT-VALUE}).")
  private Path file = Path.of("/run/flannel/status.json");

  @Spec private CommandSpec spec;

  StatusCommand() {
    spec = CommandSpec.create(); // picocli replaces it
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try {
      String text = read();
      StatusText status = StatusText.of(Json.parse(text));
      boolean running = ProcessHandle.of(status.pid()).isPresent();
      out.print(json ? text : status.text(Instant.now(), running));
      out.flush();
      return running ? (status.ready() ? 0 : NOT_READY) : NOT_RUNNING;
    } catch (NoSuchFileException e) {
      err.println(
          file
              + " does not exist: no daemon has run here, or its --status-file or --subnet-file is"
              + " another; name it with --file");
    } catch (IOException e) {
      err.println("cannot read " + Reasons.of(e));
    } catch (JsonException e) {
      err.println(file + " is no status file, or a damaged one: " + e.getMessage());
    }
    return UNREADABLE;
  }

  /** Not what may never end: a pipe, a device, or a file of any size. */
  private String read() throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new JsonException("it is no regular file");
    }
    if (attributes.size() > LARGEST) {
      throw new JsonException(
          "it has " + attributes.size() + " bytes, more than any daemon writes");
    }
    return new String(Files.readAllBytes(file), UTF_8);
  }
}
