// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.store.Registry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import io.jflannel.flanneld.store.StoreException;
import io.jflannel.flanneld.store.etcd.EtcdFlags;
import io.jflannel.flanneld.store.etcd.EtcdServer;
import io.jflannel.flanneld.store.etcd.Recorder;
import io.jflannel.flanneld.store.etcd.access.EtcdAccess;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three real members, some of which die. */
class Etcd3ClusterTest {

  @SuppressWarnings("NullAway.Init")
  private List<EtcdServer> members;

  @SuppressWarnings("NullAway.Init")
  private Registry registry;

  @BeforeEach
  void launch() {
    members = EtcdServer.launchCluster(3);
    registry =
        new Etcd3Registry(
            EtcdAccess.of(
                EtcdFlags.at(members.stream().map(EtcdServer::url).toArray(String[]::new))
                    .api(EtcdApi.V3)));
  }

  @AfterEach
  void closeAll() {
    registry.close();
    members.forEach(EtcdServer::close);
  }

  private Listing list() {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .pollDelay(Duration.ZERO)
        .ignoreException(StoreException.class)
        .until(registry::list, listing -> true);
  }

  @Test
  void aDeadMemberIsReplacedByAnotherAndNothingIsLost() throws Exception {
    Written.Done done = (Written.Done) registry.create("a", "1", Expiry.LEASED);
    Listing before = registry.list();
    try (Recorder recorder = Recorder.watch(registry, before.revision())) {
      recorder.awaitAlive();
      members.getFirst().kill();
      recorder.awaitText("ended");
    }

    Listing after = list();
    assertThat(after.storeId()).isEqualTo(before.storeId());
    assertThat(after.entries()).hasSize(1);
    assertThat(registry.update(done.entry(), "2", Expiry.LEASED)).isInstanceOf(Written.Done.class);
  }

  @Test
  void aMemberWithoutALeaderEndsTheWatch() throws Exception { // ETC-15: require-leader
    try (Recorder recorder = Recorder.watch(registry, list().revision())) {
      recorder.awaitAlive();
      members.get(1).kill();
      members.get(2).kill();
      assertThat(recorder.awaitText("ended")).contains("no leader");
    }
  }
}
