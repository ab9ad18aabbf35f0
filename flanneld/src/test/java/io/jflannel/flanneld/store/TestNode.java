// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.Options.OnLeaseLost;
import io.jflannel.flanneld.flow.Backoff;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** A node: a store client on a thread of its own, whose views can be waited for. */
final class TestNode implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** As the daemon's, only shorter. */
  static final Pace QUICK =
      new Pace(
          System::nanoTime,
          InstantSource.system(),
          RandomGenerator.getDefault(),
          new Backoff(Duration.ofMillis(20), Duration.ofMillis(300)),
          new Backoff(Duration.ofMillis(20), Duration.ofMillis(300)),
          Duration.ofMillis(2_500),
          Duration.ofMillis(50));

  /**
   * What to start with.
   *
   * @param config the running configuration
   */
  record Setup(
      String config,
      LeaseAttributes attributes,
      Optional<Cidr> previousV4,
      Optional<Cidr> previousV6,
      Duration renewMargin,
      OnLeaseLost onLost) {

    static Setup of(String config, LeaseAttributes attributes) {
      return new Setup(
          config,
          attributes,
          Optional.empty(),
          Optional.empty(),
          Duration.ofHours(1),
          OnLeaseLost.FOLLOW);
    }

    Setup previous(String cidr) {
      Optional<Cidr> subnet = Optional.of(Cidr.parse(cidr));
      boolean v4 = subnet.get().ip().isV4();
      return new Setup(
          config,
          attributes,
          v4 ? subnet : previousV4,
          v4 ? previousV6 : subnet,
          renewMargin,
          onLost);
    }

    Setup renewAfter(Duration time) {
      Duration margin = Registry.LEASE_TIME.minus(time);
      return new Setup(config, attributes, previousV4, previousV6, margin, onLost);
    }

    Setup exitWhenLost() {
      return new Setup(config, attributes, previousV4, previousV6, renewMargin, OnLeaseLost.EXIT);
    }
  }

  private final Latest<StoreView> views = new Latest<>();
  private final Latest<OwnAttributes> attributes = new Latest<>();
  private final CompletableFuture<String> end = new CompletableFuture<>();
  private final RegistryStore store;
  private final Thread thread;

  TestNode(Registry registry, Setup setup) {
    store = new RegistryStore(registry, TestNetwork::parse, QUICK);
    publish(setup.attributes());
    LeaseStore.Request request =
        new LeaseStore.Request(
            TestNetwork.parse(setup.config()),
            setup.previousV4(),
            setup.previousV6(),
            attributes,
            setup.renewMargin(),
            setup.onLost());
    thread = Thread.ofVirtual().name("node").start(() -> run(request));
  }

  private void run(LeaseStore.Request request) {
    try {
      store.run(request, views);
      end.complete("returned");
    } catch (InterruptedException e) {
      end.complete("interrupted");
    } catch (Throwable e) {
      end.completeExceptionally(e);
    }
  }

  /** As the backends do: a MAC that is published already wins over the device's. */
  void publish(LeaseAttributes newer) {
    attributes.put(published ->
        new LeaseAttributes(
            newer.publicIp(),
            newer.publicIpv6(),
            newer.backendType(),
            published.flatMap(LeaseAttributes::backendData).or(newer::backendData),
            published.flatMap(LeaseAttributes::backendV6Data).or(newer::backendV6Data)));
  }

  /** Waits for a view; fails if the store's loop failed. */
  StoreView await(String what, Predicate<StoreView> wanted) throws InterruptedException {
    long until = System.nanoTime() + LIMIT.toNanos();
    long seen = 0;
    Optional<StoreView> last = Optional.empty();
    while (System.nanoTime() < until) {
      if (end.isDone()) {
        throw new AssertionError("the store ended: " + end.join());
      }
      Optional<Latest.Versioned<StoreView>> view = views.awaitNewer(seen, Duration.ofMillis(100));
      if (view.isPresent()) {
        seen = view.get().version();
        last = view.map(Latest.Versioned::value);
        if (wanted.test(last.get())) {
          return last.get();
        }
      }
    }
    throw new AssertionError("waited in vain for: " + what + "; last view: " + last);
  }

  /** Waits until the lease is held, all is listed and the watch runs. */
  Subnets awaitHeld() throws InterruptedException {
    StoreView view =
        await(
            "a lease",
            seen ->
                seen.own() instanceof OwnLease.Held
                    && seen.complete()
                    && seen.contact().connected());
    return held(view).lease().subnets();
  }

  static OwnLease.Held held(StoreView view) {
    assertThat(view.own()).isInstanceOf(OwnLease.Held.class);
    return (OwnLease.Held) view.own();
  }

  static Optional<String> warning(StoreView view) {
    return view.own() instanceof OwnLease.Held held ? held.warning() : Optional.empty();
  }

  Throwable awaitFailure() {
    try {
      throw new AssertionError(end.orTimeout(20, java.util.concurrent.TimeUnit.SECONDS).join());
    } catch (CompletionException e) {
      return Optional.ofNullable(e.getCause()).orElse(e);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      assertThat(thread.join(LIMIT)).as("the store ends when interrupted").isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    store.close();
  }

  /** What a host-gw node publishes. */
  static LeaseAttributes hostGw(String ip) {
    return attributes(ip, "host-gw", Optional.empty());
  }

  /** What a vxlan node publishes. */
  static LeaseAttributes vxlan(String ip, String mac) {
    return attributes(
        ip, "vxlan", Optional.of(Json.parse("{\"VNI\":1,\"VtepMAC\":\"" + mac + "\"}")));
  }

  private static LeaseAttributes attributes(String text, String type, Optional<Json> data) {
    Ip ip = Ip.parse(text);
    Optional<Ip> some = Optional.of(ip);
    Optional<Ip> none = Optional.empty();
    return ip.isV4()
        ? new LeaseAttributes(some, none, type, data, Optional.empty())
        : new LeaseAttributes(none, some, type, Optional.empty(), data);
  }

  /** Attributes of an IPv4 and of an IPv6 node as those of one. */
  static LeaseAttributes both(LeaseAttributes v4, LeaseAttributes v6) {
    return new LeaseAttributes(
        v4.publicIp(), v6.publicIpv6(), v4.backendType(), v4.backendData(), v6.backendV6Data());
  }

  /** What a host-gw node publishes in a dual-stack network. */
  static LeaseAttributes dual(String v4, String v6) {
    return new LeaseAttributes(
        Optional.of(Ip.parse(v4)),
        Optional.of(Ip.parse(v6)),
        "host-gw",
        Optional.empty(),
        Optional.empty());
  }
}
