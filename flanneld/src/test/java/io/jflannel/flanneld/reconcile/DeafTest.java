// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.kernel.FakeWorld;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.Kernel;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Target;
import io.jflannel.linux.LinuxException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When the thread that hears the kernel's events ends. */
@Timeout(20)
class DeafTest {

  private final Network network = new Network("{\"Type\":\"vxlan\"}");
  private final LinkedBlockingQueue<Kernel.Listener> listeners = new LinkedBlockingQueue<>();
  private final Semaphore mayListen = new Semaphore(1);
  private final AtomicInteger refusals = new AtomicInteger();
  private final Latest<StoreView> views = new Latest<>();
  private final Latest<PassReport> reports = new Latest<>();
  private final CompletableFuture<String> end = new CompletableFuture<>();
  private final Thread thread = Thread.ofPlatform().name("network").start(this::run);

  private void run() {
    var setup =
        new Reconciler.Setup(
            network.backend, network.ownership(), NexthopObjects.AUTO, Network.external());
    try {
      new Reconciler(setup, Deafening::new, views, new Latest<>(), reports).run();
    } catch (InterruptedException e) {
      end.complete("interrupted");
    } catch (RuntimeException | Error e) {
      end.completeExceptionally(e);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  @Test
  void aFailureOfTheKernelIsShownAndListenedAnew() throws Exception {
    views.put(network.view(List.of()));
    Kernel.Listener first = listeners.take();

    first.deaf(new LinuxException("receive events", 12, "")); // ENOMEM

    listeners.take();
    assertThat(reports.peek().orElseThrow().value().allProblems())
        .containsExactly("the kernel's events cannot be heard: receive events: ENOMEM");
    mayListen.release();
    Awaitility.await().until(() -> reports.peek().orElseThrow().value().allProblems().isEmpty());
  }

  @Test
  void listeningThatCannotBeginIsShownAndTriedAgain() {
    refusals.set(2);

    views.put(network.view(List.of()));

    Awaitility.await()
        .until(() ->
            reports.peek().stream()
                .flatMap(report -> report.value().allProblems().stream())
                .anyMatch(problem -> problem.contains("cannot be heard: listen: ENOMEM")));
    Awaitility.await().until(() -> reports.peek().orElseThrow().value().allProblems().isEmpty());
    assertThat(listeners).hasSize(1);
  }

  @Test
  void aBugEndsTheLoop() throws Exception {
    views.put(network.view(List.of()));

    listeners.take().deaf(new IllegalStateException("bug"));

    assertThatThrownBy(() -> end.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("bug");
  }

  /** A kernel that lets itself be listened to as often as the test allows. */
  private final class Deafening implements Kernel {
    private final FakeWorld world = new FakeWorld();

    Deafening() {
      Network.addParent(world);
    }

    @Override
    public Target target() {
      return world.target();
    }

    @Override
    public Surroundings surroundings() {
      return world;
    }

    @Override
    public void listen(Supplier<Interest> interest, Listener listener) {
      if (refusals.getAndDecrement() > 0) {
        throw new LinuxException("listen", 12, ""); // ENOMEM
      }
      listeners.add(listener);
      mayListen.acquireUninterruptibly();
    }

    @Override
    public void close() {
      world.close();
    }
  }
}
