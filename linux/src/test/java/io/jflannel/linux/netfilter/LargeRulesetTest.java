// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.netfilter.NftablesEvent.Subject;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Chains of others with many rules, and rules that change while they are read. */
@ExtendWith(InNamespace.class)
final class LargeRulesetTest {

  private static final TableName TABLE = new TableName(Family.V4, "t");
  private static final ChainName OURS = new ChainName(TABLE, "ours");
  private static final ChainName THEIRS = new ChainName(TABLE, "theirs");
  private static final ChainName LARGE = new ChainName(TABLE, "large");

  @TempDir private Path directory;
  private NftablesSocket socket;

  @BeforeEach
  void open() {
    socket = NftablesSocket.open();
    Shell.run(
        "nft 'add table ip t; add chain ip t ours; add chain ip t theirs; add chain ip t large;"
            + " add rule ip t ours counter drop; add rule ip t ours jump theirs'");
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private void fill(ChainName chain, int count) {
    StringBuilder commands = new StringBuilder();
    for (int i = 0; i < count; i++) {
      commands.append(
          "add rule %s ip saddr 10.%d.%d.0/24 counter return\n"
              .formatted(chain, i >>> 8, i & 0xff));
    }
    try {
      Path file = Files.writeString(directory.resolve("rules"), commands);
      Shell.run("nft -f " + file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private long medianNanosToReadOurs() {
    long[] nanos = new long[201];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      assertThat(socket.<Long>rules(OURS, Collectors.counting())).isEqualTo(2);
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos[100];
  }

  @Test
  void othersRulesDoNotSlowOursDownNorWakeUs() {
    medianNanosToReadOurs(); // compiles it
    long before = medianNanosToReadOurs();
    try (NftablesEvents events = NftablesEvents.open(List.of(OURS))) {
      fill(THEIRS, 50_000);
      assertThat(events.await(Duration.ZERO))
          .allMatch(NftablesEvent.Lost.class::isInstance); // many for one who does not listen
    }
    long after = medianNanosToReadOurs();
    assertThat(socket.<Long>rules(THEIRS, Collectors.counting())).isEqualTo(50_000);
    assertThat(after).as("ns, %d before", before).isLessThan(10 * before); // else 1000
  }

  /** Counts rules, and changes another chain after the first of each of some attempts. */
  private Collector<Rule, AtomicInteger, Integer> disturbed(
      AtomicInteger started, int disturbances) {
    List<Rule> others = socket.rules(THEIRS, Collectors.toCollection(ArrayList::new));
    return Collector.of(
        () -> {
          started.incrementAndGet();
          return new AtomicInteger();
        },
        (count, _) -> {
          if (count.incrementAndGet() == 1 && started.get() <= disturbances) {
            removeOutside(others.get(started.get()).handle());
          }
        },
        (_, _) -> {
          throw new IllegalStateException("nothing is combined");
        },
        AtomicInteger::get);
  }

  private static void removeOutside(long handle) {
    try (NftablesSocket other = NftablesSocket.open()) {
      other.remove(List.of(new Removal.OfRule(THEIRS, handle)));
    }
  }

  @Test
  void aDisturbedReadingStartsAnew() {
    fill(THEIRS, 20);
    fill(LARGE, 2000);
    AtomicInteger started = new AtomicInteger();
    assertThat(socket.rules(LARGE, disturbed(started, 3))).isEqualTo(2000);
    assertThat(started).hasValue(4);
  }

  @Test
  void aReadingThatIsAlwaysDisturbedFails() {
    fill(THEIRS, 20);
    fill(LARGE, 2000);
    AtomicInteger started = new AtomicInteger();
    assertThatThrownBy(() -> socket.rules(LARGE, disturbed(started, Integer.MAX_VALUE)))
        .isInstanceOf(DumpInterruptedException.class)
        .hasMessageContaining("list rules of ip t large");
    assertThat(socket.<Long>rules(LARGE, Collectors.counting())).isEqualTo(2000);
  }

  @Test
  void aCollectorThatFailsLeavesTheSocketClean() {
    fill(LARGE, 2000);
    Collector<Rule, AtomicInteger, Integer> broken =
        Collector.of(
            AtomicInteger::new,
            (_, _) -> {
              throw new IllegalStateException("full");
            },
            (one, _) -> one,
            AtomicInteger::get);
    assertThatThrownBy(() -> socket.rules(LARGE, broken)).hasMessage("full");
    assertThat(socket.<Long>rules(OURS, Collectors.counting())).isEqualTo(2);
  }

  @Test
  void ourRuleIsToldAmongManyOfOthers() {
    try (NftablesEvents events = NftablesEvents.open(List.of(OURS))) {
      fill(THEIRS, 2000);
      Shell.run("nft add rule ip t ours accept");
      fill(LARGE, 2000);
      assertThat(events.await(Duration.ZERO))
          .hasSize(2)
          .contains(new NftablesEvent.Changed(Subject.RULE, false, TABLE, Optional.of(OURS)));
    }
  }
}
