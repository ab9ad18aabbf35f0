// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class UsageTest {

  private static final String DUMP =
      """
      "main" #3 [14821] prio=5 os_prio=0 cpu=442.79ms elapsed=3.20s allocated=121M defined_classes=1506 tid=0x1 nid=14821 waiting
         java.lang.Thread.State: RUNNABLE

      "udp tx" #12 [14830] daemon prio=10 os_prio=0 cpu=0.22ms elapsed=3.18s allocated=64B defined_classes=0 tid=0x2 nid=14830 runnable
      "udp rx" #13 [14831] daemon prio=10 os_prio=0 cpu=0.22ms elapsed=3.18s allocated=3K defined_classes=0 tid=0x3 nid=14831 runnable
      """;

  @Test
  void whatThreadsAllocatedIsReadFromTheJvm() {
    assertThat(Usage.allocated(DUMP, name -> name.startsWith("udp"))).isEqualTo(64 + 3 * 1024);
    assertThat(Usage.allocated(DUMP, name -> true)).isEqualTo(121 * 1024 * 1024 + 64 + 3 * 1024);
    assertThat(Usage.allocated(DUMP, name -> name.equals("nobody"))).isNaN();
  }

  @Test
  void aRealJvmAnswers() {
    Usage before = Usage.now(List.of(ProcessHandle.current().pid()), true);
    int kept = 0;
    for (int i = 0; i < 64; i++) {
      kept += new byte[1 << 20].length;
    }
    Usage used = Usage.now(List.of(ProcessHandle.current().pid()), true).since(before);

    assertThat(used.allocated()).isGreaterThanOrEqualTo(kept * 0.9);
    assertThat(used.allocatedByPath()).isNaN();
    assertThat(used.processSeconds()).isPositive();
  }

  @Test
  void idleAndStolenTimeIsNotTheMachines() { // proc_stat(5)
    assertThat(Usage.machineSeconds("cpu  100 10 200 5000 300 20 30 4000 7 0\ncpu0 1 1\n"))
        .isEqualTo(3.6, within(1e-9));
  }
}
