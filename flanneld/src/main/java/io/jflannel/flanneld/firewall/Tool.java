// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Runs firewall programs to their end. Their output is passed on line by line and not kept. Used by
 * one thread, but for {@link #started}.
 */
final class Tool {

  /**
   * Longer than any wait for a lock that we ask for; reading 50,000 rules takes a second or two.
   */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Of the output, for error messages. */
  private static final int LAST_LINES = 6;

  private static final Executor READERS = task -> Thread.ofVirtual().name("tool").start(task);

  /** Of the processes started; more than one look needs. */
  private static final int REMEMBERED = 64;

  private final Deque<Long> pids = new ConcurrentLinkedDeque<>();

  /**
   * How a program ended.
   *
   * @param status its exit status
   * @param lastLines the end of what it printed
   */
  record Result(int status, String lastLines) {
    boolean passed() {
      return status == 0;
    }
  }

  /**
   * Runs a program in the C locale, with its errors among its output.
   *
   * @throws FirewallException if it cannot be started or does not end
   */
  Result run(List<String> command, String input, Consumer<String> eachLine)
      throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = start(builder);
    try {
      note(process.pid());
      var output = CompletableFuture.supplyAsync(() -> read(process, eachLine), READERS);
      write(process, input);
      String lastLines = output.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      return new Result(process.waitFor(), lastLines);
    } catch (TimeoutException e) {
      throw new FirewallException(
          "%s has not ended after %d s and was killed".formatted(name(command), LIMIT.toSeconds()));
    } catch (ExecutionException e) {
      throw new FirewallException("the output of " + name(command) + " cannot be read");
    } finally {
      if (process.isAlive()) { // a wrapper's children too
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private void note(long pid) {
    pids.addLast(pid);
    if (pids.size() > REMEMBERED) {
      pids.removeFirst();
    }
  }

  /** Whether this is one of the processes that were started last; by any thread. */
  boolean started(long pid) {
    return pids.contains(pid);
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new FirewallException(
          "%s cannot be started: %s".formatted(builder.command().getFirst(), e.getMessage()));
    }
  }

  private static String read(Process process, Consumer<String> eachLine) {
    Deque<String> last = new ArrayDeque<>();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        eachLine.accept(line);
        if (last.size() == LAST_LINES) {
          last.removeFirst();
        }
        last.addLast(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return String.join("; ", last);
  }

  /** A program that ends without reading its input is judged by its status. */
  private static void write(Process process, String input) {
    try (Writer writer = process.outputWriter(StandardCharsets.UTF_8)) {
      writer.write(input);
    } catch (IOException closed) {
      // EPIPE: see above
    }
  }

  private static String name(List<String> command) {
    return Path.of(command.getFirst()).getFileName().toString();
  }
}
