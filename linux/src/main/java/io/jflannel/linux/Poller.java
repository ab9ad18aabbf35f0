// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux;

import io.jflannel.linux.ffi.Libc;
import io.jflannel.linux.ffi.NativeBuffer;
import java.time.Duration;

/**
 * Waits until a descriptor is readable, and can be woken from any thread (poll(2), eventfd(2)).
 *
 * <p>{@link #await} belongs to one platform thread, as it blocks in native code, where an interrupt
 * does not reach; {@link #wake} and {@link #close} may be called from anywhere.
 */
public final class Poller implements AutoCloseable {

  /** Why {@link #await} came back. */
  public enum Outcome {
    READABLE,
    /** {@link #wake} was called, now or before. Wins over READABLE. */
    WOKEN,
    TIMEOUT
  }

  private static final int POLLIN = 1;
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;
  private static final int POLLFD = 8;

  private final int descriptor;
  private final int wakeUp;
  private final NativeBuffer descriptors = NativeBuffer.allocate(2 * POLLFD);
  private final NativeBuffer one = NativeBuffer.allocate(8);
  private final NativeBuffer counter = NativeBuffer.allocate(8);
  private boolean closed;

  private Poller(int descriptor, int wakeUp) {
    this.descriptor = descriptor;
    this.wakeUp = wakeUp;
    one.bytes().putLong(0, 1);
  }

  /**
   * Waits for one descriptor.
   *
   * @param descriptor stays its owner's; this class never closes it
   */
  public static Poller of(int descriptor) {
    int eventfd = Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return new Poller(descriptor, Descriptor.checked("eventfd", eventfd));
  }

  /**
   * Waits for the descriptor, for {@link #wake} or for the time to pass.
   *
   * @param timeout negative counts as zero; longer than 24 days is cut to that
   * @throws IllegalStateException on a virtual thread, whose carrier it would block
   */
  public Outcome await(Duration timeout) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a wait in native code needs a platform thread");
    }
    long deadline = System.nanoTime() + Math.max(0, saturatedNanos(timeout));
    while (true) {
      long left = Math.max(0, deadline - System.nanoTime());
      int millis = (int) Math.min(Integer.MAX_VALUE, (left + 999_999) / 1_000_000);
      watch(0, descriptor);
      watch(POLLFD, wakeUp);
      int ready = Libc.poll(descriptors, 2, millis);
      if (ready == 0) {
        return Outcome.TIMEOUT;
      }
      if (ready > 0) {
        return outcome();
      }
      if (!Errno.EINTR.is(-ready)) {
        throw new LinuxException("poll", -ready, "");
      }
    }
  }

  private Outcome outcome() {
    if (descriptors.bytes().getShort(POLLFD + 6) == 0) {
      return Outcome.READABLE;
    }
    Libc.read(wakeUp, counter); // resets it; EAGAIN can only mean that it is reset
    return Outcome.WOKEN;
  }

  private void watch(int at, int number) {
    descriptors.bytes().putInt(at, number);
    descriptors.bytes().putShort(at + 4, (short) POLLIN);
    descriptors.bytes().putShort(at + 6, (short) 0);
  }

  private static long saturatedNanos(Duration timeout) {
    Duration longest = Duration.ofMillis(Integer.MAX_VALUE);
    return (timeout.compareTo(longest) > 0 ? longest : timeout).toNanos();
  }

  /** Ends the present or else the next {@link #await}. Does nothing after {@link #close}. */
  public synchronized void wake() {
    if (!closed) {
      Libc.write(wakeUp, one, 8); // EAGAIN: the counter is full, so it is awake anyway
    }
  }

  /** Call it after the owner thread has left {@link #await}. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(wakeUp);
    }
  }
}
