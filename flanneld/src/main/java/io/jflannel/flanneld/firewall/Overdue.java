// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.time.Duration;

/** Does something, on another thread, if it is not closed in time. */
final class Overdue implements AutoCloseable {

  private final Thread thread;
  private boolean closed;

  private Overdue(Duration limit, Runnable task) {
    thread =
        Thread.ofVirtual()
            .name("overdue")
            .unstarted(() -> {
              try {
                Thread.sleep(limit);
                unlessClosed(task);
              } catch (InterruptedException e) {
                // closed
              }
            });
  }

  static Overdue after(Duration limit, Runnable task) {
    Overdue overdue = new Overdue(limit, task);
    overdue.thread.start();
    return overdue;
  }

  private synchronized void unlessClosed(Runnable task) {
    if (!closed) {
      task.run();
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    thread.interrupt();
  }
}
