// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that cannot be mistaken for another: process ids are used again, ids with start times
 * are not.
 *
 * @param start clock ticks after boot at which it started (field 22 of proc_pid_stat(5))
 */
public record ProcessIdentity(long pid, long start) {

  /** The identity in a line of the form of {@code /proc/PID/stat}; empty if it is none. */
  public static Optional<ProcessIdentity> parse(String stat) {
    int command = stat.lastIndexOf(')'); // the name may contain blanks and parentheses
    int pidEnd = stat.indexOf(' ');
    if (command < 0 || pidEnd < 0) {
      return Optional.empty();
    }
    String[] fields = stat.substring(command + 1).strip().split(" ", -1); // from field 3 on
    if (fields.length < 20) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new ProcessIdentity(
              Long.parseLong(stat.substring(0, pidEnd)), Long.parseLong(fields[19])));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** The identity in a file; empty if there is no such file or nothing in it. */
  public static Optional<ProcessIdentity> read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Whether it runs. A zombie does not: not every container has an init that reaps. */
  public boolean alive() {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      boolean zombie = stat.startsWith(" Z", stat.lastIndexOf(')') + 1);
      return !zombie && parse(stat).filter(this::equals).isPresent();
    } catch (IOException gone) {
      return false;
    }
  }

  /** Ends it with SIGKILL, if it still is the same process. */
  public void kill() {
    if (alive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }
}
