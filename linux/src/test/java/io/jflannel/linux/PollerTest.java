// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class PollerTest {

  private static final int EFD_NONBLOCK = 0x800;

  @Test
  void aReadableDescriptorAWakeUpAndTimePassing() {
    try (Descriptor event = Descriptor.adopt("eventfd", Libc.eventfd(0, EFD_NONBLOCK));
        Poller poller = Poller.of(event.number())) {
      assertThat(poller.await(Duration.ofMillis(1))).isEqualTo(Poller.Outcome.TIMEOUT);
      NativeBuffer one = NativeBuffer.allocate(8);
      one.bytes().putLong(0, 1);
      Libc.write(event.number(), one, 8);
      assertThat(poller.await(Duration.ofDays(400))).isEqualTo(Poller.Outcome.READABLE);
      poller.wake();
      poller.wake();
      assertThat(poller.await(Duration.ofDays(400))).isEqualTo(Poller.Outcome.WOKEN);
      assertThat(poller.await(Duration.ofDays(400))).isEqualTo(Poller.Outcome.READABLE);
    }
  }

  @Test
  void virtualThreadsAreRefused() throws InterruptedException {
    try (Poller poller = Poller.of(0)) {
      AtomicReference<Object> outcome = new AtomicReference<>("none");
      Thread.ofVirtual()
          .start(() -> {
            try {
              outcome.set(poller.await(Duration.ZERO));
            } catch (IllegalStateException e) {
              outcome.set(e);
            }
          })
          .join();
      assertThat(outcome.get()).isInstanceOf(IllegalStateException.class);
    }
  }
}
