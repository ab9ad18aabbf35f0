// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd;

import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import io.jflannel.flanneld.store.etcd.access.KeyNames;
import io.jflannel.flanneld.store.etcd2.Etcd2Registry;
import io.jflannel.flanneld.store.etcd3.Etcd3Registry;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * {@code --etcd-api=auto}: each question for the configuration looks at both trees until one of
 * them is chosen, for good. Before that there is no other answer than "not chosen yet".
 */
final class ChoosingRegistry implements Registry {

  private static final System.Logger LOG = System.getLogger(ChoosingRegistry.class.getName());

  private static final Choice.Tree NOTHING = new Choice.Tree(false, false);

  private final Options.Etcd options;
  private final EtcdAccess access;
  private final V2Tree tree;
  private final ReentrantLock choosing = new ReentrantLock();

  /** Kept while nothing is chosen, so that looking each second does not connect each second. */
  private final Etcd3Registry v3;

  private volatile Optional<Chosen> chosen = Optional.empty();

  private record Chosen(Registry registry, String reason) {}

  ChoosingRegistry(Options.Etcd options, EtcdAccess access) {
    this.options = options;
    this.access = access;
    this.tree = new V2Tree(access);
    this.v3 = new Etcd3Registry(access);
  }

  @Override
  public String description() {
    return chosen
        .map(
            choice -> "%s (chosen: %s)".formatted(choice.registry().description(), choice.reason()))
        .orElse(
            "etcd at %s, keys below %s (v2 or v3: not chosen yet)"
                .formatted(access.endpoints().text(), access.prefix()));
  }

  @Override
  public LeaseText.Form form() {
    return chosen().form();
  }

  @Override
  public Optional<String> config() throws InterruptedException {
    return choose() ? chosen().config() : Optional.empty();
  }

  /** Whether a tree is chosen now. */
  private boolean choose() throws InterruptedException {
    if (chosen.isPresent()) {
      return true;
    }
    choosing.lockInterruptibly();
    try {
      if (chosen.isEmpty()) {
        chosen = decide(look());
        chosen.ifPresent(choice ->
            LOG.log(
                System.Logger.Level.INFO,
                "{0} (--etcd-api=auto: {1})",
                choice.registry().description(),
                choice.reason()));
      }
      return chosen.isPresent();
    } finally {
      choosing.unlock();
    }
  }

  private Choice look() throws InterruptedException {
    V2Tree.Version version = tree.version();
    if (version.number().filter(text -> text.startsWith("2.")).isPresent()) {
      return new Choice.V2("etcd is version " + version.number().get());
    }
    V2Tree.Found v2 = tree.config(version);
    if (v2 == V2Tree.Found.NO_API) {
      return version.number().isPresent()
          ? new Choice.V3("etcd " + version.number().get() + " serves no v2 API")
          : behindSomething(version);
    }
    boolean inV2 = v2 == V2Tree.Found.PRESENT;
    boolean inV3 = v3.config().isPresent();
    boolean leases = inV2 && inV3 && tree.leases(); // counts only then, and may be long
    return Choice.between(new Choice.Tree(inV3, false), new Choice.Tree(inV2, leases));
  }

  /** What answers does not say that it is an etcd: a proxy in front of one, or something else. */
  private Choice behindSomething(V2Tree.Version version) throws InterruptedException {
    try {
      return Choice.between(new Choice.Tree(v3.config().isPresent(), false), NOTHING);
    } catch (StoreException e) {
      if (e.isBadCredentials()) {
        throw e; // an etcd it is
      }
      throw new StoreException(
          ("what answers at %s is no etcd: GET /version was answered with HTTP status %d, v3 (gRPC)"
                  + " with: %s. Check that --etcd-endpoints names etcd's client URL (port 2379 as"
                  + " a rule) and not a proxy that lets no gRPC through")
              .formatted(access.endpoints().text(), version.status(), e.getMessage()),
          e);
    }
  }

  private Optional<Chosen> decide(Choice choice) {
    return switch (choice) {
      case Choice.V3(String reason) -> Optional.of(new Chosen(v3, reason));
      case Choice.V2(String reason) -> {
        Etcd2Registry.check(options);
        v3.close();
        yield Optional.of(new Chosen(new Etcd2Registry(access), reason));
      }
      case Choice.Neither() -> Optional.empty();
      case Choice.Ambiguous() ->
          throw new AmbiguousTreesException(
              ("etcd at %s holds a network configuration in the v3 tree (%s) and, with leases,"
                      + " in the v2 tree (/v2/keys%s): say which one counts with"
                      + " --etcd-api=v3 or --etcd-api=v2")
                  .formatted(
                      access.endpoints().text(),
                      v3.configKey(),
                      KeyNames.v2(access.prefix()).config()));
    };
  }

  private Registry chosen() {
    return chosen
        .map(Chosen::registry)
        .orElseThrow(() ->
            new StoreException(
                "etcd at %s: neither the v3 nor the v2 tree holds a network configuration yet"
                    .formatted(access.endpoints().text())));
  }

  @Override
  public String configKey() {
    return chosen.map(Chosen::registry).orElse(v3).configKey();
  }

  @Override
  public String leaseKey(String name) {
    return chosen.map(Chosen::registry).orElse(v3).leaseKey(name);
  }

  @Override
  public String configHint() {
    return chosen.map(Chosen::registry).orElse(v3).configHint();
  }

  @Override
  public Listing list() throws InterruptedException {
    return chosen().list();
  }

  @Override
  public Written create(String name, String value, Expiry expiry) throws InterruptedException {
    return chosen().create(name, value, expiry);
  }

  @Override
  public Written update(Entry current, String value, Expiry expiry) throws InterruptedException {
    return chosen().update(current, value, expiry);
  }

  @Override
  public void delete(Entry current) throws InterruptedException {
    chosen().delete(current);
  }

  @Override
  public WatchEnd watch(long revision, Sink sink) throws InterruptedException {
    return chosen().watch(revision, sink);
  }

  @Override
  public void reconnect() {
    chosen.ifPresent(choice -> choice.registry().reconnect());
  }

  @Override
  public void close() {
    v3.close();
    chosen.ifPresent(choice -> choice.registry().close());
  }
}
