// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs short commands, to their end or to a deadline. */
public final class Commands {

  /** No command of the lab takes longer on a working machine. */
  public static final Duration LIMIT = Duration.ofSeconds(30);

  private static final Executor READERS = work -> Thread.ofVirtual().name("lab-output").start(work);

  /**
   * How a command ended.
   *
   * @param status its exit status
   * @param output standard output and standard error, in the order written
   */
  public record Result(int status, String output) {
    /** Whether the status is 0. */
    public boolean passed() {
      return status == 0;
    }
  }

  private Commands() {}

  /** Runs a shell script in a namespace; the first command that fails ends it. */
  public static void script(String namespace, String script) throws InterruptedException {
    must(run(inNetwork(namespace, List.of("sh", "-e")), script), "namespace " + namespace, script);
  }

  /** Runs a shell script in the machine's own namespace. */
  public static void script(String script) throws InterruptedException {
    must(run(List.of("sh", "-e"), script), "the machine's namespace", script);
  }

  private static void must(Result result, String where, String script) {
    if (!result.passed()) {
      throw new CommandException(
          "a step failed in %s with status %d: %s%nThe step was:%n%s"
              .formatted(where, result.status(), result.output().strip(), script));
    }
  }

  /**
   * Runs a command.
   *
   * @return standard output and error
   * @throws CommandException if the status is not 0
   */
  public static String exec(List<String> command) throws InterruptedException {
    Result result = run(command, "");
    if (!result.passed()) {
      throw new CommandException(
          "%s: status %d: %s"
              .formatted(String.join(" ", command), result.status(), result.output().strip()));
    }
    return result.output();
  }

  /** Puts the way into a network namespace before a command; cheaper than {@code ip netns exec}. */
  public static List<String> inNetwork(String namespace, List<String> command) {
    return concat(List.of("nsenter", "--net=/run/netns/" + namespace, "--"), command);
  }

  /**
   * Puts the way into a host before a command: also {@code /sys} is that of the namespace then, as
   * it would be on a real host.
   */
  public static List<String> onHost(String namespace, List<String> command) {
    return concat(List.of("ip", "netns", "exec", namespace), command);
  }

  public static <T> List<T> concat(List<? extends T> first, List<? extends T> second) {
    List<T> both = new ArrayList<>(first);
    both.addAll(second);
    return both;
  }

  /**
   * Runs a command with text on its standard input, in the C locale.
   *
   * @throws CommandException if it cannot be started or exceeds {@link #LIMIT}
   */
  public static Result run(List<String> command, String input) throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = start(builder);
    try {
      CompletableFuture<String> output =
          CompletableFuture.supplyAsync(() -> read(process), READERS);
      write(process, input);
      String text = output.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      return new Result(process.waitFor(), text);
    } catch (TimeoutException e) {
      throw new CommandException(
          "%s: no end after %d s".formatted(String.join(" ", command), LIMIT.toSeconds()), e);
    } catch (ExecutionException e) {
      throw new CommandException(String.join(" ", command) + ": cannot read its output", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new CommandException("cannot run " + builder.command().getFirst(), e);
    }
  }

  private static String read(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A command that ends without reading its input is judged by its status, not by this. */
  private static void write(Process process, String input) {
    try (Writer writer = process.outputWriter(StandardCharsets.UTF_8)) {
      writer.write(input);
    } catch (IOException closed) {
      // EPIPE: see above
    }
  }
}
