// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ReportTest {

  private static final Row MET = Row.against("cpu", "ms", 50, 200, new Aim.RatioAtMost(0.4));
  private static final Row SHORT = Row.alone("memory", "MB", 64.3, new Aim.AtMost(64));

  @Test
  void theTableSaysWhatIsMetAndWhatIsShort() {
    assertThat(new Report("footprint", "ip -batch", List.of(MET, SHORT)).text())
        .isEqualTo(
            """
            footprint (reference: ip -batch)
            measure  ours     reference  ratio   aim
            cpu      50.0 ms  200 ms     0.250x  <= 0.400x   met
            memory   64.3 MB  -          -       <= 64.0 MB  short
            """);
  }

  @Test
  void aReportIsMetOnlyIfItHasRowsAndAllAre() {
    assertThat(new Report("x", "y", List.of(MET)).met()).isTrue();
    assertThat(new Report("x", "y", List.of(MET, SHORT)).met()).isFalse();
    assertThat(new Report("x", "y", List.of()).met()).isFalse();
  }

  @Test
  void whatIsNoNumberMeetsNoAim() {
    assertThat(Row.against("cpu", "ms", 0, 0, new Aim.RatioAtMost(1)).met()).isFalse();
    assertThatThrownBy(() -> Row.alone("cpu", "ms", 1, new Aim.RatioAtMost(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void numbersHaveThreeDigits() {
    assertThat(List.of(0.0, 0.01234, 1.0, 12.345, 123.45, 12345.0).stream().map(Report::number))
        .containsExactly("0", "0.0123", "1.00", "12.3", "123", "12345");
  }

  @Test
  void theExitStatusTellsWhetherEveryAimIsMet() throws InterruptedException {
    assertThat(status(List.of(fixed("good", MET)), "good")).isZero();
    assertThat(status(List.of(fixed("good", MET), fixed("bad", SHORT)), "good", "bad"))
        .isEqualTo(1);
    assertThat(status(List.of(fixed("good", MET)), "unknown")).isEqualTo(2);
    assertThat(status(List.of(fixed("good", MET)))).isEqualTo(2);
  }

  @Test
  void processorTimeOfThisProcessGrowsWithWork() {
    long self = ProcessHandle.current().pid();
    ProcessUsage before = ProcessUsage.of(self).orElseThrow();
    long until = System.nanoTime() + 100_000_000;
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    ProcessUsage after = ProcessUsage.of(self).orElseThrow();

    assertThat(after.cpu().minus(before.cpu()).toMillis()).isGreaterThanOrEqualTo(50);
    assertThat(after.residentKb()).isPositive();
    assertThat(after.peakKb()).isGreaterThanOrEqualTo(after.residentKb());
  }

  private static int status(List<Benchmark> all, String... names) throws InterruptedException {
    PrintStream nowhere =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    return Bench.run(
        nowhere, all, List.of(names), patience -> new Surroundings("0 0 0", 0, List.of()));
  }

  private static Benchmark fixed(String name, Row row) {
    return new Benchmark() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public String reference() {
        return "none";
      }

      @Override
      public List<Row> run(Consumer<String> progress) {
        return List.of(row);
      }
    };
  }
}
