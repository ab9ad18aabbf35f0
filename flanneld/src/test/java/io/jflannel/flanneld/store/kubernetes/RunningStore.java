// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.Pace;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** A Kubernetes store that runs, as a daemon with the backend host-gw would run it. */
final class RunningStore implements AutoCloseable {

  static final String DUAL =
      "{\"Network\":\"10.244.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\","
          + "\"Backend\":{\"Type\":\"host-gw\"}}";
  static final String V4 = "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}";

  private final KubernetesStore store;
  private final Latest<StoreView> views = new Latest<>();
  private final Latest<OwnAttributes> attributes = new Latest<>();
  private final AtomicReference<Optional<Throwable>> failure =
      new AtomicReference<>(Optional.empty());
  private final Thread thread;

  RunningStore(
      Path directory,
      Path kubeconfig,
      String url,
      String node,
      String config,
      Options.OnLeaseLost onLost,
      Duration silence) {
    Path file = directory.resolve("net-conf.json");
    write(file, config);
    this.store =
        KubernetesStore.open(
            new Options.Kubernetes(
                true, url, "flannel.alpha.coreos.com", kubeconfig.toString(), file, true),
            Map.of("NODE_NAME", node),
            new KubernetesStore.Timing(Pace.usual(), silence));
    NetworkConfig network = store.readConfig();
    LeaseStore.Request request =
        new LeaseStore.Request(
            network,
            Optional.empty(),
            Optional.empty(),
            attributes,
            Duration.ofMinutes(60),
            onLost);
    this.thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                store.run(request, views);
              } catch (InterruptedException e) {
                // closed
              } catch (RuntimeException | Error e) {
                failure.set(Optional.of(e));
              }
            });
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the node has to say from now on. */
  void publish(String publicIp, Optional<String> publicIpv6) {
    LeaseAttributes now =
        new LeaseAttributes(
            Optional.of(Ip.parse(publicIp)),
            publicIpv6.map(Ip::parse),
            "host-gw",
            Optional.empty(),
            Optional.empty());
    attributes.put(published -> now);
  }

  void networkIsUp() {
    store.networkIsUp();
  }

  Map<io.jflannel.net.Family, String> prescribed() throws InterruptedException {
    return store.prescribedAddresses();
  }

  /** The newest view. */
  StoreView view() {
    return views.peek().orElseThrow().value();
  }

  /** How many views there were. */
  long views() {
    return views.peek().orElseThrow().version();
  }

  Optional<Throwable> failure() {
    return failure.get();
  }

  /** Waits for a view like this. */
  StoreView awaitView(Predicate<StoreView> wanted) {
    await()
        .atMost(Duration.ofSeconds(40))
        .failFast(() ->
            failure
                .get()
                .ifPresent(e -> {
                  throw new AssertionError("the store has ended", e);
                }))
        .untilAsserted(() ->
            assertThat(views.peek())
                .hasValueSatisfying(v -> assertThat(v.value()).matches(wanted)));
    return view();
  }

  /** Waits for a lease with these subnets. */
  StoreView awaitHeld(String subnets) {
    return awaitView(view ->
        view.own() instanceof OwnLease.Held held
            && held.lease().subnets().toString().equals(subnets));
  }

  /** Waits until it waits for something like this. */
  StoreView awaitWaiting(String reason) {
    return awaitView(view ->
        view.own() instanceof OwnLease.Waiting waiting && waiting.reason().contains(reason));
  }

  StoreView awaitWarning(String warning) {
    return awaitView(view ->
        view.own() instanceof OwnLease.Held held
            && held.warning().filter(text -> text.contains(warning)).isPresent());
  }

  /** Waits until exactly these subnets are peers'. */
  StoreView awaitPeers(String... subnets) {
    return awaitView(view -> subnetsOf(view).equals(List.of(subnets)));
  }

  static List<String> subnetsOf(StoreView view) {
    return view.peers().stream().map(Lease::subnets).map(Object::toString).toList();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    store.close();
  }
}
