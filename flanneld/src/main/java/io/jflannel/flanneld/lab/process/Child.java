// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process of the lab that runs until it is ended: a daemon, an etcd, an iperf3 server.
 *
 * <p>It is a session of its own, so that Ctrl-C reaches only the lab, and it registers itself in
 * the run directory <em>before</em> it becomes the program it shall be; killed at any moment, the
 * lab leaves no process that {@code --clean} does not know.
 */
public final class Child {

  private static final String REGISTER = "cat /proc/$$/stat > \"$0\" && exec \"$@\"";

  private final String name;
  private final Process process;
  private final Path log;

  private Child(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /**
   * Starts a process whose output goes to the end of {@code NAME.log} in the run directory.
   *
   * @param command complete, with the way into its namespace
   */
  public static Child start(RunDirectory run, String name, List<String> command) {
    Path log = run.file(name + ".log");
    List<String> register = List.of("setsid", "sh", "-c", REGISTER, run.pidFile(name).toString());
    try {
      Process process =
          new ProcessBuilder(Commands.concat(register, command))
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      return new Child(name, process, log);
    } catch (IOException e) {
      throw new CommandException("cannot start " + name, e);
    }
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean alive() {
    return process.isAlive();
  }

  /** All it has written so far, over all its lives. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The same as nothing if it runs.
   *
   * @throws CommandException with status and last lines if it has ended
   */
  public void mustBeAlive() {
    if (!process.isAlive()) {
      List<String> lines = log().lines().toList();
      throw new CommandException(
          "%s ended with status %d; its last lines:%n%s"
              .formatted(
                  name,
                  process.exitValue(),
                  String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()))));
    }
  }

  /** Ends it with SIGKILL and waits for its end. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /**
   * Ends it with SIGTERM.
   *
   * @return its exit status; 128 + n if signal n ended it
   * @throws CommandException if it still runs at the end of {@code limit}
   */
  public int terminate(Duration limit) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new CommandException(name + " still runs " + limit.toSeconds() + " s after SIGTERM");
    }
    return process.exitValue();
  }

  /** Sends a signal by its name without SIG: STOP, CONT, QUIT. */
  public void signal(String signal) throws InterruptedException {
    Commands.script("kill -" + signal + " " + process.pid());
  }
}
