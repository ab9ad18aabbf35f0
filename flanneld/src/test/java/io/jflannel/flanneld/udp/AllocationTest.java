// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The threads of a tunnel allocate nothing once they are warm. */
class AllocationTest {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void movingPacketsAllocatesNothing(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, path);
        Tunnel second = hosts.tunnel(2, path)) {
      hosts.iperf("-t 2"); // until compiled
      Thread load = Thread.ofPlatform().start(() -> hosts.iperf("-t 4"));
      long ready = packets(first, second) + 20_000;
      await().until(() -> packets(first, second) > ready);
      long[] threads = ids();
      assertThat(threads).hasSize(4);
      long allocated = allocated(threads);
      long until = packets(first, second) + 100_000;
      await().atMost(Duration.ofSeconds(60)).until(() -> packets(first, second) > until);
      assertThat(allocated(threads) - allocated).isZero();
      load.join();
    }
  }

  private static long packets(Tunnel first, Tunnel second) {
    return first.counters().sent().packets() + second.counters().received().packets();
  }

  private static long[] ids() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("udp "))
        .mapToLong(Thread::threadId)
        .toArray();
  }

  private static long allocated(long[] threads) {
    return LongStream.of(threads).map(THREADS::getThreadAllocatedBytes).sum();
  }
}
