// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class UndoingTest {

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Undoing undoing = new Undoing();

  @Test
  void fiveRepairsInAMinuteAreAQuarrelWithTheLastOneKnown() {
    for (int i = 0; i < 4; i++) {
      undoing.repaired(i * SECOND, "firewalld (pid 7)");
      assertThat(undoing.opponents(i * SECOND)).isEmpty();
    }
    undoing.repaired(4 * SECOND, "");

    assertThat(undoing.opponents(4 * SECOND))
        .containsExactly(
            "our rules are undone by firewalld (pid 7), repaired 5 times within a minute");
    assertThat(undoing.opponents(61 * SECOND)).isEmpty();
    assertThat(undoing.total()).isEqualTo(5);
  }

  @Test
  void anOldNameIsForgotten() {
    undoing.repaired(0, "firewalld (pid 7)");
    for (int i = 1; i <= 6; i++) {
      undoing.repaired((60 + i) * SECOND, "");
    }

    assertThat(undoing.opponents(66 * SECOND)).singleElement().asString().contains("somebody");
  }
}
