// SPDX-License-Identifier: Apache-2.0
package io.jflannel.cni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jflannel.json.Json;
import io.jflannel.json.JsonException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The plugins in the directories of {@code CNI_PATH}. They run with this process's environment, so
 * for the same command, and its standard error.
 */
record Delegates(List<Path> path) {

  /** In bytes, as much as the runtime may tell us. */
  private static final int OUTPUT_MAX = Main.INPUT_MAX;

  Delegates {
    path = List.copyOf(path);
  }

  /**
   * Runs a plugin to its end.
   *
   * @return what it printed
   * @throws CniException if there is no such plugin, it printed more than a MiB and was killed for
   *     it, or it failed: then with its own error object
   */
  String run(DelegateConfig config) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(find(config.type()).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(config.text().getBytes(UTF_8));
    } catch (IOException e) {
      // it has ended without reading all: its status and output say why
    }
    byte[] output = process.getInputStream().readNBytes(OUTPUT_MAX + 1);
    if (output.length > OUTPUT_MAX) {
      process.destroyForcibly();
      throw new CniException(
          "plugin \"" + config.type() + "\" printed more than " + OUTPUT_MAX + " bytes");
    }
    String printed = new String(output, UTF_8);
    int status = process.waitFor();
    if (status != 0) {
      throw failure(config.type(), status, printed);
    }
    return printed;
  }

  private Path find(String type) {
    if (type.isEmpty() || type.indexOf('/') >= 0 || type.indexOf('\0') >= 0) {
      throw new CniException("\"" + type + "\" is no name of a plugin");
    }
    return path.stream()
        .map(directory -> directory.resolve(type))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () -> new CniException("failed to find plugin \"" + type + "\" in path " + path));
  }

  private static CniException failure(String type, int status, String printed) {
    try {
      if (Json.parse(printed) instanceof Json.Obj error
          && error.member("code").isPresent()
          && error.member("msg").isPresent()) {
        return CniException.ofDelegate(printed);
      }
    } catch (JsonException e) {
      // told below
    }
    return new CniException(
        "plugin \""
            + type
            + "\" failed with status "
            + status
            + " and no error object: "
            + printed);
  }
}
