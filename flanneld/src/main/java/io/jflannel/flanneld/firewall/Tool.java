// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Runs firewall programs to their end. Their output is passed on line by line and not kept. */
final class Tool {

  /** Longer than any wait for a lock that we ask for; 50,000 rules take a second or two. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** For what a program has printed before its end, and for the end after its output. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** Of one line of the output, in characters; the longest rule has a few thousand. */
  private static final int LONGEST_LINE = 64 << 10;

  private static final int BUFFER = 8 << 10;

  /** Of the output, for error messages. */
  private static final int LAST_LINES = 6;

  private static final Executor THREADS = task -> Thread.ofVirtual().name("tool").start(task);

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
   * As {@link #run(List, String, Consumer, Duration)}, with a limit for all that has to be done.
   */
  Result run(List<String> command, String input, Consumer<String> eachLine)
      throws InterruptedException {
    return run(command, input, eachLine, LIMIT);
  }

  /**
   * Runs a program in the C locale, with its errors among its output. Text is bytes, each a
   * character: what was read can be given back as it was.
   *
   * @param eachLine may throw FirewallException to end it
   * @throws FirewallException if it cannot be started, prints what is no text of rules, or does not
   *     end; then it is killed
   */
  Result run(List<String> command, String input, Consumer<String> eachLine, Duration limit)
      throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = start(builder);
    long end = System.nanoTime() + limit.toNanos();
    try {
      var output = CompletableFuture.supplyAsync(() -> read(process, eachLine), THREADS);
      THREADS.execute(() -> write(process, input));
      CompletableFuture.anyOf(output, process.onExit())
          .get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      String lastLines = output.get(GRACE.toNanos(), TimeUnit.NANOSECONDS);
      if (!process.waitFor(GRACE)) {
        throw new TimeoutException();
      }
      return new Result(process.exitValue(), lastLines);
    } catch (TimeoutException e) {
      throw FirewallException.busy(
          process.isAlive()
              ? "%s does not end and was killed after %d s"
                  .formatted(name(command), limit.plusNanos(System.nanoTime() - end).toSeconds())
              : name(command) + " has ended, but what it has started keeps its output open");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FirewallException tooMuch) {
        throw tooMuch;
      }
      if (e.getCause() instanceof UncheckedIOException unreadable) {
        throw new FirewallException(
            "the output of %s cannot be read: %s"
                .formatted(name(command), unreadable.getMessage()));
      }
      throw new IllegalStateException(e.getCause()); // a bug
    } finally {
      if (process.isAlive()) { // a wrapper's children too
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new FirewallException(
          "%s cannot be started: %s"
              .formatted(
                  builder.command().getFirst(),
                  String.valueOf(e.getMessage()).lines().findFirst().orElse("")));
    }
  }

  private static String read(Process process, Consumer<String> eachLine) {
    Lines lines = new Lines(eachLine);
    char[] buffer = new char[BUFFER];
    try (Reader output = process.inputReader(StandardCharsets.ISO_8859_1)) {
      for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
        lines.add(buffer, count);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    return lines.last();
  }

  /** Cuts text into lines, none of which may be long, and keeps the last ones. */
  private static final class Lines {
    private final Consumer<String> each;
    private final StringBuilder line = new StringBuilder();
    private final Deque<String> last = new ArrayDeque<>();

    Lines(Consumer<String> each) {
      this.each = each;
    }

    void add(char[] text, int count) throws IOException {
      int from = 0;
      for (int i = 0; i < count; i++) {
        if (text[i] == '\n') {
          line.append(text, from, i - from);
          end();
          from = i + 1;
        }
      }
      line.append(text, from, count - from);
      if (line.length() > LONGEST_LINE) {
        throw new IOException("a line has more than " + LONGEST_LINE + " characters");
      }
    }

    private void end() {
      String text = line.toString();
      line.setLength(0);
      each.accept(text);
      if (last.size() == LAST_LINES) {
        last.removeFirst();
      }
      last.addLast(text);
    }

    String last() {
      if (!line.isEmpty()) {
        end();
      }
      return String.join("; ", last);
    }
  }

  /** A program that ends without reading its input is judged by its status. */
  private static void write(Process process, String input) {
    try (Writer writer = process.outputWriter(StandardCharsets.ISO_8859_1)) {
      writer.write(input);
    } catch (IOException closed) {
      // EPIPE: see above
    }
  }

  private static String name(List<String> command) {
    return Path.of(command.getFirst()).getFileName().toString();
  }
}
