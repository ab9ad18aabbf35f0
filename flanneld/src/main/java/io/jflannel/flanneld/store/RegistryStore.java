// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.lease.StoreView;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/**
 * Leases on a {@link Registry}: acquisition, upkeep and the view, the same for etcd v3, etcd v2 and
 * a local directory.
 *
 * <pre>
 *   watch ---- events ----.
 *   own attributes -------+--> queue --> StoreLoop (owner) --> Latest&lt;StoreView&gt;
 *     ^                                   |  |
 *     '------- from which revision -------'  '--> list, create, update, delete
 * </pre>
 */
public final class RegistryStore implements LeaseStore {

  /**
   * Room for events while the loop is busy with a call, each up to 64 KiB; and how many it takes
   * over before its other work has its turn.
   */
  static final int EVENTS = 200;

  private final Registry registry;
  private final Function<String, NetworkConfig> parser;
  private final Pace pace;

  /**
   * A store.
   *
   * @param registry closed with the store
   * @param parser reads and validates the configuration's text; throws ConfigException or
   *     JsonException
   */
  public RegistryStore(Registry registry, Function<String, NetworkConfig> parser) {
    this(registry, parser, Pace.usual());
  }

  RegistryStore(Registry registry, Function<String, NetworkConfig> parser, Pace pace) {
    this.registry = registry;
    this.parser = parser;
    this.pace = pace;
  }

  @Override
  public String description() {
    return registry.description();
  }

  @Override
  public String configPlace() {
    return "network configuration in " + registry.configKey();
  }

  @Override
  public NetworkConfig readConfig() throws InterruptedException {
    String text =
        registry
            .config()
            .orElseThrow(() ->
                new StoreException(
                    "there is no network configuration: %s does not exist in %s. To set it: %s"
                        .formatted(
                            registry.configKey(), registry.description(), registry.configHint())));
    try {
      return parser.apply(text);
    } catch (ConfigException e) {
      throw e.in(configPlace());
    }
  }

  @Override
  public void run(Request request, Latest<StoreView> views) throws InterruptedException {
    LinkedBlockingQueue<StoreEvent> events = new LinkedBlockingQueue<>(EVENTS);
    LinkedBlockingQueue<Long> watchFrom = new LinkedBlockingQueue<>();
    Snapshot snapshot = new Snapshot();
    OwnLeaseKeeper own = new OwnLeaseKeeper(registry, request, registry.form(), pace, snapshot);
    StoreLoop loop =
        new StoreLoop(
            registry, request.config(), parser, pace, events, watchFrom, views, snapshot, own);
    try (TaskScope scope = new TaskScope()) {
      scope.fork("store-watch", () -> watch(watchFrom, events));
      scope.fork(
          "store-attributes",
          () ->
              AttributesFeed.run(
                  request.attributes(),
                  registry::reconnect,
                  attributes -> events.put(new StoreEvent.Attributes(attributes))));
      scope.fork("store", loop::run);
      scope.join();
    }
  }

  private void watch(LinkedBlockingQueue<Long> watchFrom, LinkedBlockingQueue<StoreEvent> events)
      throws InterruptedException {
    StoreEvent.Passing sink = new StoreEvent.Passing(events);
    while (true) {
      long revision = watchFrom.take();
      try {
        events.put(new StoreEvent.WatchEnded(registry.watch(revision, sink).reason()));
      } catch (StoreException e) {
        events.put(new StoreEvent.WatchEnded(String.valueOf(e.getMessage())));
      }
    }
  }

  @Override
  public void close() {
    registry.close();
  }
}
