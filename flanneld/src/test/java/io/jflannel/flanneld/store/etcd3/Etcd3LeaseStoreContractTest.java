// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import io.jflannel.flanneld.store.LeaseStoreContract;
import io.jflannel.flanneld.store.StoreUnderTest;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class Etcd3LeaseStoreContractTest extends LeaseStoreContract {

  private static final AtomicInteger COUNT = new AtomicInteger();

  @SuppressWarnings("NullAway.Init")
  private static EtcdServer server;

  @BeforeAll
  static void startServer() {
    server = EtcdServer.launch();
  }

  @AfterAll
  static void closeServer() {
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected StoreUnderTest freshStore() {
    return new Etcd3Store(server, "/lease/" + COUNT.incrementAndGet());
  }

  @Test
  @Timeout(180)
  void twoHundredNodesRaceWithoutADuplicate() throws Exception {
    race(200);
  }
}
