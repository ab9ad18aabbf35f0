// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** P37. */
class RateLimitedLogTest {

  private final Lines lines = new Lines();
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L); // nanoTime wraps
  private final RateLimitedLog log = new RateLimitedLog(lines, now::get);

  @Test
  void oneLineInTenSecondsThatCountsTheOthers() {
    for (int i = 0; i < 100; i++) {
      log.failed("etcd", "no contact");
    }
    pass(Duration.ofMillis(9_999));
    log.failed("etcd", "no contact");
    assertThat(lines.all).containsExactly("WARNING no contact");

    pass(Duration.ofMillis(1));
    log.failed("etcd", "still none");
    assertThat(lines.all)
        .containsExactly(
            "WARNING no contact", "WARNING still none (100 more not logged since the last line)");
  }

  @Test
  void causesDoNotSilenceEachOther() {
    log.failed("a", "A");
    log.failed("b", "B");

    assertThat(lines.all).containsExactly("WARNING A", "WARNING B");
  }

  @Test
  void recoveryIsOneLine() {
    log.recovered("etcd", "contact");
    log.failed("etcd", "no contact");
    log.failed("etcd", "no contact");
    log.recovered("etcd", "contact");
    log.recovered("etcd", "contact");

    assertThat(lines.all).containsExactly("WARNING no contact", "INFO contact (after 2 failures)");
  }

  @Test
  void flappingIsAtMostAFailureAndARecoveryInTenSeconds() {
    for (int i = 0; i < 100; i++) {
      log.failed("etcd", "no contact");
      log.recovered("etcd", "contact");
      pass(Duration.ofMillis(200));
    }

    assertThat(lines.all)
        .containsExactly(
            "WARNING no contact",
            "INFO contact (after 1 failure)",
            "WARNING no contact (49 more not logged since the last line)",
            "INFO contact (after 1 failure)");
  }

  @Test
  void aStreakThatStartsSilentlySpeaksWhenItLasts() {
    log.failed("etcd", "no contact");
    log.recovered("etcd", "contact");
    log.failed("etcd", "no contact");
    pass(Duration.ofSeconds(10));
    log.failed("etcd", "no contact");
    log.recovered("etcd", "contact");

    assertThat(lines.all.subList(2, 4))
        .containsExactly(
            "WARNING no contact (1 more not logged since the last line)",
            "INFO contact (after 2 failures)");
  }

  @Test
  void whatWasThrownIsPassedOn() {
    log.failed("etcd", "no contact", new IllegalStateException("why"));

    assertThat(lines.all)
        .containsExactly("WARNING no contact java.lang.IllegalStateException: why");
  }

  @Test
  void memoryIsBounded() {
    for (int i = 0; i < 5_000; i++) {
      log.failed("cause " + i, "line");
    }
    log.failed("cause 4999", "line");
    assertThat(lines.all).hasSize(5_000);

    log.failed("cause 0", "forgotten, so it speaks");
    assertThat(lines.all).hasSize(5_001);
  }

  @Test
  void threadsShareOneLine() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      threads.add(
          Thread.startVirtualThread(() -> {
            for (int i = 0; i < 1_000; i++) {
              log.failed("etcd", "no contact");
            }
          }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    log.recovered("etcd", "contact");

    assertThat(lines.all)
        .containsExactly("WARNING no contact", "INFO contact (after 8000 failures)");
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  /** A logger that keeps its lines. */
  private static final class Lines implements System.Logger {
    private final List<String> all = Collections.synchronizedList(new ArrayList<>());

    @Override
    public String getName() {
      return "lines";
    }

    @Override
    public boolean isLoggable(Level level) {
      return true;
    }

    @Override
    public void log(
        Level level, @Nullable ResourceBundle bundle, String message, @Nullable Throwable thrown) {
      all.add(level + " " + message + (thrown == null ? "" : " " + thrown));
    }

    @Override
    public void log(
        Level level, @Nullable ResourceBundle bundle, String format, @Nullable Object... params) {
      all.add(level + " " + format);
    }
  }
}
