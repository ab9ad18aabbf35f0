// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store.etcd3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** User and password against a real etcd whose tokens live for a second (ETC-7, P11). */
class Etcd3AuthTest {

  private static final String PREFIX = "/coreos.com/network";

  @SuppressWarnings("NullAway.Init")
  private static EtcdServer server;

  @BeforeAll
  static void launch() {
    server = EtcdServer.launch("--auth-token-ttl=1", "--bcrypt-cost=4");
    server.etcdctl("user", "add", "root:rootpw");
    server.etcdctl("user", "grant-role", "root", "root");
    server.etcdctl("role", "add", "flannel");
    server.etcdctl("role", "grant-permission", "flannel", "--prefix=true", "readwrite", PREFIX);
    server.etcdctl("user", "add", "flannel:flannelpw");
    server.etcdctl("user", "grant-role", "flannel", "flannel");
    server.etcdctl("user", "add", "nobody:nobodypw");
    server.etcdctl("auth", "enable");
  }

  @AfterAll
  static void closeServer() {
    if (server != null) {
      server.close();
    }
  }

  private static Registry registry(EtcdFlags flags) {
    return new Etcd3Registry(EtcdAccess.of(flags.api(EtcdApi.V3)));
  }

  private static EtcdFlags flannel() {
    return EtcdFlags.at(server.url()).user("flannel", "flannelpw");
  }

  @Test
  void aUserWithARoleCanDoAllThatIsNeeded() throws Exception {
    try (Registry registry = registry(flannel())) {
      Listing listing = registry.list();
      try (Recorder recorder = Recorder.watch(registry, listing.revision())) {
        recorder.awaitAlive();
        Written.Done done = (Written.Done) registry.create("user", "a", Expiry.LEASED);
        recorder.awaitText("put user=a");
        done = (Written.Done) registry.update(done.entry(), "b", Expiry.LEASED);
        registry.delete(done.entry());
        recorder.awaitText("deleted user");
      }
    }
  }

  @Test
  void anExpiredTokenIsRenewedUnseen() throws Exception {
    try (Registry registry = registry(flannel());
        Recorder recorder = Recorder.watch(registry, registry.list().revision())) {
      recorder.awaitAlive();
      String forgotten = "invalid auth token";
      int before = count(server.logText(), forgotten);

      // tokens live for a second without use: wait until etcd has refused one
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(2_500))
          .until(() -> {
            assertThat(registry.config()).isEmpty();
            return count(server.logText(), forgotten) > before;
          });

      Written.Done done = (Written.Done) registry.create("later", "a", Expiry.LEASED);
      recorder.awaitText("put later=a");
      registry.delete(done.entry());
    }
  }

  private static int count(String text, String part) {
    return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
  }

  @Test
  void aRestartOfEtcdForgetsTokensAndIsSurvived() throws Exception {
    try (Registry registry = registry(flannel())) {
      assertThat(registry.config()).isEmpty();
      server.restart();

      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .ignoreException(StoreException.class)
          .until(() -> registry.config().isEmpty());
      Written.Done done = (Written.Done) registry.create("restarted", "a", Expiry.LEASED);
      registry.delete(done.entry());
    }
  }

  @Test
  void aWrongPasswordIsNamedWithTheFlagsAndNotShown() {
    try (Registry registry = registry(EtcdFlags.at(server.url()).user("flannel", "wr0ng"))) {
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll(server.url(), "user flannel", "--etcd-password")
          .hasMessageNotContaining("wr0ng")
          .extracting(e -> ((StoreException) e).isBadCredentials())
          .isEqualTo(true);
      assertThatThrownBy(() -> registry.watch(1, Recorder.IGNORING))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("--etcd-password");
    }
  }

  @Test
  void noUserIsToldWhichFlagsAreMissing() {
    try (Registry registry = registry(EtcdFlags.at(server.url()))) {
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll(server.url(), "--etcd-username");
    }
  }

  @Test
  void aUserWithoutARoleIsToldWhatToGrant() throws Exception {
    try (Registry registry = registry(EtcdFlags.at(server.url()).user("nobody", "nobodypw"))) {
      assertThatThrownBy(registry::list)
          .isInstanceOf(StoreException.class)
          .hasMessageContainingAll("user nobody", "grant", PREFIX);
      try (Recorder recorder = Recorder.watch(registry, 1)) {
        recorder.awaitText("ended");
      }
    }
  }

  @Test
  void credentialsAreHarmlessWhereAuthenticationIsOff() throws Exception { // ETC-7
    try (EtcdServer open = EtcdServer.launch();
        Registry registry = registry(EtcdFlags.at(open.url()).user("root", "x"))) {
      assertThat(registry.list().entries()).isEmpty();
      assertThat(registry.create("a", "b", Expiry.LEASED)).isInstanceOf(Written.Done.class);
    }
  }
}
