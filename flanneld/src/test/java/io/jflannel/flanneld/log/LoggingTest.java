// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.cli.CommandLine;
import io.jflannel.flanneld.cli.FlanneldFlags;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.config.Options.LogFormat;
import io.jflannel.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LoggingTest {

  private static final KlogFormatter KLOG =
      new KlogFormatter(5522, ZoneId.of("Europe/Berlin").getRules());

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @AfterEach
  void stopCapturing() {
    java.util.logging.Logger root = LogManager.getLogManager().getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
  }

  @ParameterizedTest // CLI-6: pid padded to 7, local time, microseconds
  @CsvSource(
      delimiter = '|',
      value = {
        "INFO | I0629 14:28:35.866793    5522 LoggingTest.java:N] text",
        "WARNING | W0629 14:28:35.866793    5522 LoggingTest.java:N] text",
        "SEVERE | E0629 14:28:35.866793    5522 LoggingTest.java:N] text",
        "FINE | I0629 14:28:35.866793    5522 LoggingTest.java:N] text",
      })
  void klogLine(String level, String line) {
    LogRecord record = record(Level.parse(level), "text");

    assertThat(withoutLine(KLOG.format(record))).isEqualTo(line + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "1, '      1 '",
    "1234567, '1234567 '",
    "12345678, '12345678 '",
  })
  void klogPid(long pid, String shown) {
    String line =
        new KlogFormatter(pid, ZoneOffset.UTC.getRules()).format(record(Level.INFO, "text"));

    assertThat(withoutLine(line))
        .isEqualTo("I0629 12:28:35.866793 " + shown + "LoggingTest.java:N] text\n");
  }

  @Test // CLI-6: as klog's file:line], which parsers ask for
  void klogNamesTheCallersLine() {
    Logging.start(LogFormat.KLOG, 0, out);
    Logger logger = System.getLogger("io.jflannel.test.Elsewhere");
    RateLimitedLog limited = new RateLimitedLog(logger, System::nanoTime);
    int line = new Throwable().getStackTrace()[0].getLineNumber();

    logger.log(Logger.Level.INFO, "at {0}", line + 2);
    limited.failed("cause", "at " + (line + 3));
    List.of(line + 4).forEach(here -> logger.log(Logger.Level.INFO, "at " + here));
    limited.recovered("cause", "at " + (line + 5));

    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .hasSize(4)
        .allSatisfy(text -> assertThat(text).matches(".* LoggingTest\\.java:(\\d+)] at \\1\\b.*"));
  }

  @Test
  void aWarningKeepsItsThrowableOnOneLine() {
    LogRecord record = record(Level.WARNING, "watch ended");
    record.setThrown(new IllegalStateException("a\nb", new IOException("reset")));

    assertThat(KLOG.format(record))
        .endsWith(
            "] watch ended: java.lang.IllegalStateException: a\\nb; caused by"
                + " java.io.IOException: reset\n")
        .hasLineCount(1);
  }

  @Test
  void anErrorShowsItsStack() {
    LogRecord record = record(Level.SEVERE, "bug");
    record.setThrown(new IllegalStateException("why"));

    assertThat(KLOG.format(record).lines().skip(1))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).startsWith("\tat "));
    assertThat(((Json.Obj) Json.parse(new JsonFormatter().format(record))).member("stack"))
        .isPresent();
  }

  @Test
  void jsonLine() {
    LogRecord record = record(Level.WARNING, "a \"quoted\" {0} of {1}");
    record.setParameters(new Object[] {1000, "x"});
    record.setThrown(new IOException("reset"));

    assertThat(new JsonFormatter().format(record))
        .isEqualTo(
            "{\"ts\":\"2026-06-29T12:28:35.866793Z\",\"level\":\"warning\","
                + "\"logger\":\"io.jflannel.flanneld.daemon.Main\","
                + "\"msg\":\"a \\\"quoted\\\" 1000 of x\",\"error\":\"java.io.IOException: reset\"}\n");
  }

  @Test
  void foreignTextCannotForgeALine() {
    String line = KLOG.format(record(Level.INFO, "peer a\nE0629 fake\r\u001b[2J\u0000\tb"));

    assertThat(line).endsWith("] peer a\\nE0629 fake\\r\\x1b[2J\\x00\tb\n").hasLineCount(1);
  }

  @ParameterizedTest // -v
  @CsvSource({
    "-1, IWE",
    "0, IWE",
    "1, DIWE",
    "3, DIWE",
    "4, TDIWE",
    "10, TDIWE",
  })
  void verbosityAddsOurLinesOnly(int verbosity, String shown) {
    Logging.start(LogFormat.KLOG, verbosity, out);
    logAll(System.getLogger("io.jflannel.test.Verbose"));
    String expected = shown.chars().mapToObj(c -> (char) c + "\n").reduce("", String::concat);

    assertThat(messages()).isEqualTo(expected);

    out.reset();
    logAll(System.getLogger("io.netty.Foreign"));
    assertThat(messages()).isEqualTo("I\nW\nE\n");
  }

  @ParameterizedTest // ODD-3, CLI-7, P37
  @EnumSource(LogFormat.class)
  void noSecretIsLogged(LogFormat format) {
    CommandLine line =
        FlanneldFlags.read(
            "flanneld",
            List.of(
                "-etcd-username", "root",
                "-etcd-endpoints", "https://root:hush1@a:2379,https://root:hush,2@b:2379",
                "-kube-api-url", "https://u:hush3@k"),
            Map.of("FLANNELD_ETCD_PASSWORD", "hush4"));
    Options options = ((CommandLine.Run) line).options();
    assertThat(options.etcd().password()).isEqualTo("hush4");
    Logging.start(format, 10, out);
    Logger logger = System.getLogger("io.jflannel.test.Secrets");

    logger.log(Logger.Level.INFO, "options: " + options);
    logger.log(Logger.Level.INFO, "options: {0} {1}", options, options.etcd());
    logger.log(Logger.Level.INFO, line.toString());
    logger.log(Logger.Level.WARNING, "no contact to https://root:hush1@a:2379");
    logger.log(Logger.Level.ERROR, "x", new IOException("https://root:hush1@a:2379 refused"));

    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("https://***@a:2379", "etcd", "root")
        .doesNotContain("hush");
  }

  @Test
  void linesOfManyThreadsStayWhole() throws InterruptedException {
    Logging.start(LogFormat.KLOG, 0, out);
    Logger logger = System.getLogger("io.jflannel.test.Threads");
    List<Thread> threads =
        IntStream.range(0, 8)
            .mapToObj(t ->
                Thread.startVirtualThread(() -> {
                  for (int i = 0; i < 200; i++) {
                    logger.log(Logger.Level.INFO, "x".repeat(500));
                  }
                }))
            .toList();
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .hasSize(1600)
        .allSatisfy(line -> assertThat(line).matches("I\\d{4} .*] x{500}"));
  }

  /** In a JVM of its own: stderr, the log manager, and lines from a shutdown hook. */
  @Test
  void everythingGoesToStderrUntilTheEnd() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LoggingProgram.class.getName())
            .start();
    try {
      process.getOutputStream().close();
      String stderr = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

      assertThat(stdout).isEmpty();
      assertThat(stderr.lines())
          .hasSize(2)
          .allSatisfy(line ->
              assertThat(line)
                  .matches(
                      "I\\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{6} +"
                          + process.pid()
                          + " LoggingProgram\\.java:[1-9][0-9]*] (started|stopped)"));
    } finally {
      process.destroyForcibly();
    }
  }

  private static void logAll(Logger logger) {
    logger.log(Logger.Level.TRACE, "T");
    logger.log(Logger.Level.DEBUG, "D");
    logger.log(Logger.Level.INFO, "I");
    logger.log(Logger.Level.WARNING, "W");
    logger.log(Logger.Level.ERROR, "E");
  }

  private String messages() {
    return out.toString(StandardCharsets.UTF_8).replaceAll("(?m)^.*\\] ", "");
  }

  private static String withoutLine(String line) {
    return line.replaceFirst("\\.java:[1-9][0-9]*]", ".java:N]");
  }

  private static LogRecord record(Level level, String message) {
    LogRecord record = new LogRecord(level, message);
    record.setLoggerName("io.jflannel.flanneld.daemon.Main");
    record.setInstant(Instant.parse("2026-06-29T12:28:35.866793999Z"));
    return record;
  }
}
