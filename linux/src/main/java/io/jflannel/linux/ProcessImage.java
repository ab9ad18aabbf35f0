// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The program that this process runs. */
public final class ProcessImage {

  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final int STANDARD = 3;
  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;

  private ProcessImage() {}

  /**
   * Runs another program in place of this one: with the same process id, and with standard input,
   * output and error as its only open files. Threads end at once, nothing of them is undone.
   *
   * @throws LinuxException ENOENT, EACCES; then all goes on
   */
  public static void replace(
      Path program, List<String> arguments, Map<String, String> environment) {
    List<String> words = new ArrayList<>(List.of(program.toString()));
    words.addAll(arguments);
    List<String> variables = new ArrayList<>();
    environment.forEach((name, value) -> variables.add(name + "=" + value));
    closeLater();
    int result = Libc.execve(program.toString(), words, variables);
    throw new LinuxException("run " + program, -result, "");
  }

  private static void closeLater() {
    try (DirectoryStream<Path> open = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path entry : open) {
        int number = Integer.parseInt(entry.getFileName().toString());
        if (number >= STANDARD) {
          Libc.fcntl(number, F_SETFD, FD_CLOEXEC);
        }
      }
    } catch (IOException e) {
      throw new LinuxException("list " + DESCRIPTORS, Errno.EIO.number(), String.valueOf(e));
    }
  }
}
