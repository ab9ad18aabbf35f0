// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.kernel.NetlinkKernel;
import io.jflannel.flanneld.kernel.NetlinkWorld;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A reconciler that runs beside the test, in the namespace of the test's thread. */
final class Running implements AutoCloseable {

  final Network network;
  final NetlinkWorld world;
  final Latest<StoreView> views = new Latest<>();
  final Latest<ExternalInterface> external = new Latest<>();
  final Latest<PassReport> reports = new Latest<>();
  final AtomicReference<NetlinkKernel> kernel = new AtomicReference<>();
  private final Thread thread;

  Running(NetlinkWorld world, Network network) {
    this.network = network;
    this.world = world;
    var setup =
        new Reconciler.Setup(
            network.backend, network.ownership(), NexthopObjects.AUTO, Network.external());
    var reconciler = new Reconciler(setup, this::open, views, external, reports);
    thread =
        Thread.ofPlatform()
            .name("network")
            .start(() -> {
              try {
                reconciler.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private NetlinkKernel open() {
    NetlinkKernel opened = NetlinkKernel.open();
    kernel.set(opened);
    return opened;
  }

  void publish(Lease... peers) {
    views.put(network.view(List.of(peers)));
  }

  PassReport report() {
    return reports.peek().orElseThrow().value();
  }

  void await(Predicate<PassReport> condition) {
    within(
        Duration.ofSeconds(5),
        () -> reports.peek().filter(r -> condition.test(r.value())).isPresent());
  }

  static void within(Duration limit, Callable<Boolean> condition) {
    Awaitility.await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .atMost(limit)
        .until(condition);
  }

  /** Until a pass has begun and ended from now on. */
  void awaitAnotherPass() {
    long now = report().number();
    views.put(views.peek().orElseThrow().value());
    await(report -> report.number() > now);
  }

  State entries() {
    return world.target().read(Stage.ENTRIES, network.ownership());
  }

  boolean has(Resource wanted) {
    return world.target().read(wanted.stage(), network.ownership()).get(wanted.key()).stream()
        .anyMatch(wanted::satisfiedBy);
  }

  /** CPU time of the loop's and the listening thread. */
  Duration cpu() throws IOException {
    long nanos = 0;
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      for (Path task : tasks.toList()) {
        String name = Files.readString(task.resolve("comm")).strip();
        if (name.equals("network") || name.equals("kernel events")) {
          String text = Files.readString(task.resolve("schedstat"));
          nanos += Long.parseLong(text.substring(0, text.indexOf(' ')));
        }
      }
    }
    return Duration.ofNanos(nanos);
  }

  @Override
  public void close() {
    thread.interrupt();
    within(Duration.ofSeconds(5), () -> !thread.isAlive());
  }
}
