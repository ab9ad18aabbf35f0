// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ThreadCpuClockTest {

  @Test
  void workCountsAndWaitingDoesNot() throws Exception {
    ThreadCpuClock clock = new ThreadCpuClock();
    Duration start = clock.now();
    while (clock.now().minus(start).toMillis() < 5) {
      Thread.onSpinWait();
    }
    Duration worked = clock.now();
    boolean opened = new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
    Duration waited = clock.now().minus(worked);

    assertThat(opened).isFalse();
    assertThat(waited).isLessThan(Duration.ofMillis(50));
  }
}
