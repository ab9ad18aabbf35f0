// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.time.Duration;

/**
 * The CPU time that the calling platform thread has used (clock_gettime(2),
 * CLOCK_THREAD_CPUTIME_ID). Exact, where /proc shows what was booked at the last timer tick.
 * Belongs to one thread.
 */
public final class ThreadCpuClock {

  private static final int CLOCK_THREAD_CPUTIME_ID = 3;

  private final NativeBuffer timespec = NativeBuffer.allocate(16);

  /** A clock for any one thread. */
  public ThreadCpuClock() {}

  /** Since the thread started. */
  public Duration now() {
    Descriptor.checked("clock_gettime", Libc.clockGettime(CLOCK_THREAD_CPUTIME_ID, timespec));
    return Duration.ofSeconds(timespec.bytes().getLong(0), timespec.bytes().getLong(8));
  }
}
