// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Ownership;
import java.util.function.Supplier;

/**
 * Keeps the kernel as the newest view of the leases wants it: on a new view, when others change
 * what is ours, when something failed, and every tick. The only owner of kernel state.
 */
public final class Reconciler {

  private final Setup setup;
  private final Supplier<? extends Kernel> open;
  private final Latest<StoreView> views;
  private final Latest<ExternalInterface> external;
  private final Latest<PassReport> reports;

  /**
   * What does not change while the daemon runs.
   *
   * @param ownership without contested destinations: they follow from the own lease
   * @param external the interface as it was chosen at the start
   */
  public record Setup(
      Backend backend, Ownership ownership, NexthopObjects nexthops, ExternalInterface external) {}

  /**
   * @param open opens the kernel on the thread that calls {@link #run}
   * @param views what to follow
   * @param external gets the external interface whenever it changes
   * @param reports gets a report after each pass
   */
  public Reconciler(
      Setup setup,
      Supplier<? extends Kernel> open,
      Latest<StoreView> views,
      Latest<ExternalInterface> external,
      Latest<PassReport> reports) {
    this.setup = setup;
    this.open = open;
    this.views = views;
    this.external = external;
    this.reports = reports;
  }

  /**
   * Runs until the thread is interrupted, which must be a platform thread. The network stays as it
   * is.
   *
   * @throws InterruptedException always, in the end
   * @throws io.jflannel.linux.LinuxException if there is no netlink
   */
  public void run() throws InterruptedException {
    Bell bell = new Bell();
    Thread forwarder = Thread.ofVirtual().name("views").start(() -> forward(bell));
    try (Kernel kernel = open.get()) {
      new Loop(setup, kernel, bell, views, external, reports).run();
    } finally {
      forwarder.interrupt();
    }
  }

  private void forward(Bell bell) {
    long seen = 0;
    try {
      while (true) {
        seen = views.awaitNewer(seen).version();
        bell.ring();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the loop has ended
    } catch (RuntimeException | Error e) {
      bell.deaf(e);
    }
  }
}
