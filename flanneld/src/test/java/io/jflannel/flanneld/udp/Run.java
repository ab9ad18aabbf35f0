// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Programs that must succeed. */
final class Run {

  private Run() {}

  /** Words are separated by blanks. */
  static String command(String words) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(words.split(" ")).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(words + ": " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
