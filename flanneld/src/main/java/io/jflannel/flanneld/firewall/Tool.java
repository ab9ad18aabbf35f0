// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs firewall programs to their end. Their output is passed on line by line and not kept. */
final class Tool {

  /** Longer than any wait for a lock that we ask for; 50,000 rules take a second or two. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Between two looks for output, in milliseconds: from the first to the longest. */
  private static final int PAUSE = 1;

  private static final int LONGEST_PAUSE = 16;

  /** Of one line of the output, in characters; the longest rule has a few thousand. */
  private static final int LONGEST_LINE = 64 << 10;

  private static final int BUFFER = 8 << 10;

  /** Of the output, for error messages. */
  private static final int LAST_LINES = 6;

  /** So much always fits into a pipe (PIPE_BUF of pipe(7)). */
  private static final int FITS = 4096;

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
   * character: what was read can be given back as it was. Once the program has ended, nobody waits
   * for what it has started.
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
    try {
      if (input.length() <= FITS) {
        write(process, input);
      } else {
        Thread.ofVirtual().name("tool").start(() -> write(process, input));
      }
      Lines lines = new Lines(eachLine);
      if (!read(process, lines, System.nanoTime() + limit.toNanos())) {
        throw FirewallException.busy(
            "%s does not end and was killed after %d s"
                .formatted(name(command), limit.toSeconds()));
      }
      return new Result(process.exitValue(), lines.last());
    } catch (IOException e) {
      throw new FirewallException(
          "the output of %s cannot be read: %s".formatted(name(command), e.getMessage()));
    } finally {
      if (process.isAlive()) { // a wrapper's children too
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  /**
   * Reads until the program has ended, and never waits in the pipe: what it has started may keep
   * that open for ever.
   *
   * @return false if it has not ended in time
   */
  private static boolean read(Process process, Lines lines, long end)
      throws IOException, InterruptedException {
    InputStream output = process.getInputStream();
    byte[] buffer = new byte[BUFFER];
    int pause = PAUSE;
    while (System.nanoTime() - end < 0) {
      boolean ended = !process.isAlive(); // asked first: then all it has printed is there
      int there = Math.min(output.available(), buffer.length);
      if (there > 0) {
        lines.add(new String(buffer, 0, output.read(buffer, 0, there), ISO_8859_1));
        pause = PAUSE;
      } else if (ended) {
        return true;
      } else {
        process.waitFor(pause, TimeUnit.MILLISECONDS);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
    return false;
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

  /** Cuts text into lines, none of which may be long, and keeps the last ones. */
  private static final class Lines {
    private final Consumer<String> each;
    private final StringBuilder line = new StringBuilder();
    private final Deque<String> last = new ArrayDeque<>();

    Lines(Consumer<String> each) {
      this.each = each;
    }

    void add(String text) throws IOException {
      int from = 0;
      for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        line.append(text, from, end);
        end();
        from = end + 1;
      }
      line.append(text, from, text.length());
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
    try (Writer writer = process.outputWriter(ISO_8859_1)) {
      writer.write(input);
    } catch (IOException closed) {
      // EPIPE: see above
    }
  }

  private static String name(List<String> command) {
    return Path.of(command.getFirst()).getFileName().toString();
  }
}
