// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.config.Options.LogFormat;
import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.flow.TaskScope;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.log.Logging;
import io.jflannel.flanneld.store.LeaseStore;
import io.jflannel.flanneld.store.RegistryStore;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdRegistries;
import io.jflannel.json.Json;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * A process full of store clients, each with connections of its own, that do with a store what a
 * daemon does: wait for the configuration, take a subnet, watch. Who holds one says so and stops:
 * 200 followers of 205 changes would be a test of this machine. A lease stays when its client stops
 * (LIF-18). The process ends with status 1 at the first exception.
 */
final class RaceClients {

  static final String WAITING = "all clients wait for a configuration";
  static final String DONE = "all clients hold a subnet";

  private static final Duration PAUSE = Duration.ofMillis(200);

  private RaceClients() {}

  /**
   * @param arguments how many clients, {@code V2} or {@code V3}
   */
  public static void main(String[] arguments) throws InterruptedException {
    Logging.start(LogFormat.KLOG, 0);
    int count = Integer.parseInt(arguments[0]);
    Options.Etcd etcd =
        EtcdFlags.at(Site.ETCD).prefix("/g").api(Options.EtcdApi.valueOf(arguments[1]));
    CountDownLatch asked = new CountDownLatch(count);
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      Client client =
          new Client(i, new RegistryStore(EtcdRegistries.open(etcd), NetworkConfigParser::parse));
      threads.add(Thread.ofVirtual().name("client " + i).start(() -> client.run(asked)));
    }
    asked.await();
    say(WAITING);
    for (Thread thread : threads) {
      thread.join();
    }
    say(DONE);
    new CountDownLatch(1).await(); // open connections let them revoke what they did not need
  }

  /** As a line of the log: a whole one, whoever else writes. */
  private static void say(String line) {
    System.getLogger("race").log(Level.INFO, line);
  }

  /** One of them. */
  private record Client(Ip address, LeaseAttributes attributes, LeaseStore store) {

    Client(int number, LeaseStore store) {
      Ip address = Ip.parse("10.78.0." + number);
      String mac = "02:00:00:00:00:%02x".formatted(number);
      Json data = Json.parse("{\"VNI\":1,\"VtepMAC\":\"" + mac + "\"}");
      this(
          address,
          new LeaseAttributes(
              Optional.of(address), Optional.empty(), "vxlan", Optional.of(data), Optional.empty()),
          store);
    }

    void run(CountDownLatch asked) {
      try {
        Optional<NetworkConfig> config = ask();
        asked.countDown();
        while (config.isEmpty()) {
          Thread.sleep(PAUSE);
          config = ask();
        }
        take(config.get());
      } catch (InterruptedException | RuntimeException | Error e) {
        e.printStackTrace();
        System.exit(1);
      }
    }

    private void take(NetworkConfig config) throws InterruptedException {
      Latest<OwnAttributes> wanted = new Latest<>();
      wanted.put(published -> attributes);
      LeaseStore.Request request =
          new LeaseStore.Request(
              config,
              Optional.empty(),
              Optional.empty(),
              wanted,
              Duration.ofHours(1),
              Options.OnLeaseLost.EXIT);
      Latest<StoreView> views = new Latest<>();
      try (TaskScope scope = new TaskScope()) {
        scope.fork("store", () -> store.run(request, views));
        Latest.Versioned<StoreView> view = views.awaitNewer(0);
        while (!(view.value().own() instanceof OwnLease.Held && view.value().complete())) {
          view = views.awaitNewer(view.version());
        }
        OwnLease.Held held = (OwnLease.Held) view.value().own();
        say(
            "client %s holds %s, warning: %s"
                .formatted(address, held.lease().subnets(), held.warning().orElse("none")));
      }
    }

    /** Nothing if there is none; whatever else goes wrong is a failure. */
    private Optional<NetworkConfig> ask() throws InterruptedException {
      try {
        return Optional.of(store.readConfig());
      } catch (StoreException e) {
        if (!String.valueOf(e.getMessage()).contains("does not exist")) {
          throw e;
        }
        return Optional.empty();
      }
    }
  }
}
