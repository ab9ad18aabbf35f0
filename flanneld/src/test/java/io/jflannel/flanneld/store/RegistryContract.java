// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Watching.Seen;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link Registry} promises, for every implementation, against a real store. */
@Timeout(60)
public abstract class RegistryContract extends KeysContract {

  @Test
  void aWatchSeesChangesInOrderAndNothingOlder() throws Exception {
    store.put(A, "old".getBytes(UTF_8));
    Listing listing = registry.list();

    try (Watching watching = new Watching(registry, listing.revision());
        Registry other = store.open()) {
      assertThat(watching.await(Seen.Alive.class).revision())
          .isGreaterThanOrEqualTo(listing.revision());
      Entry created = done(other.create(B, VALUE, Expiry.LEASED)).entry();
      Seen.Put first = (Seen.Put) watching.awaitChange();
      Entry updated = done(other.update(created, "new", Expiry.LEASED)).entry();
      Seen.Put second = (Seen.Put) watching.awaitChange();
      other.delete(updated);
      Seen.Deleted third = (Seen.Deleted) watching.awaitChange();

      assertSameKey(first.entry(), created);
      assertSameKey(second.entry(), updated);
      assertThat(third.name()).isEqualTo(B);
      assertThat(third.revision()).isGreaterThan(updated.modRevision());
      assertThat(registry.list().revision()).isGreaterThanOrEqualTo(third.revision());
    }
  }

  @Test
  void aWatchSeesForeignWritesReservationsAndUnreadableValues() throws Exception { // ODD-19
    try (Watching watching = new Watching(registry, registry.list().revision())) {
      watching.await(Seen.Alive.class);
      store.put(A, VALUE.getBytes(UTF_8));
      Entry reservation = watching.await(Seen.Put.class).entry();
      store.put(B, new byte[Registry.LARGEST_VALUE + 1]);
      Entry large = watching.await(Seen.Put.class).entry();
      store.put("garbage", "notjson".getBytes(UTF_8));
      Entry garbage = watching.await(Seen.Put.class).entry();
      store.delete("garbage");
      Seen.Deleted deleted = watching.await(Seen.Deleted.class);

      assertThat(reservation.reservation()).isTrue();
      assertThat(large.name()).isEqualTo(B);
      assertThat(large.problem()).isPresent();
      assertThat(garbage.name()).isEqualTo("garbage");
      assertThat(deleted.name()).isEqualTo("garbage");
    }
  }

  @Test
  void expiryIsSeenAsADeletion() throws Exception { // ETC-14
    done(registry.create(A, VALUE, Expiry.LEASED));
    store.put(B, VALUE.getBytes(UTF_8), Duration.ofSeconds(2));

    try (Watching watching = new Watching(registry, registry.list().revision())) {
      watching.await(Seen.Alive.class);
      store.expire(A);
      List<String> gone =
          List.of(
              watching.await(Seen.Deleted.class).name(), watching.await(Seen.Deleted.class).name());
      assertThat(gone).containsExactlyInAnyOrder(A, B);
      assertThat(registry.list().entries()).isEmpty();
    }
  }

  @Test
  void aWatchSeesTheConfigurationChange() throws Exception {
    store.config("{}");
    try (Watching watching = new Watching(registry, registry.list().revision())) {
      watching.await(Seen.Alive.class);
      store.config("{\"Network\":\"10.6.0.0/16\"}");
      assertThat(watching.await(Seen.Config.class).text())
          .contains("{\"Network\":\"10.6.0.0/16\"}");
      store.deleteConfig();
      assertThat(watching.await(Seen.Config.class).text()).isEmpty();
    }
  }

  @Test
  void aWatchFromThePastCatchesUp() throws Exception { // ODD-18
    Listing listing = registry.list();
    Entry a = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    done(registry.create(B, VALUE, Expiry.LEASED));
    done(registry.update(a, "new", Expiry.LEASED));

    try (Watching watching = new Watching(registry, listing.revision())) {
      Seen seen = watching.awaitChange();
      while (seen instanceof Seen.Put put && !put.entry().value().equals("new")) {
        seen = watching.awaitChange();
      }
      assertThat(seen).isInstanceOf(Seen.Put.class);
    }
  }

  @Test
  void aDeletionIsNeverMissed() throws Exception { // ODD-18, ODD-61
    done(registry.create(A, VALUE, Expiry.LEASED));
    Listing listing = registry.list();
    store.delete(A);

    // either the watch still knows, or it ends and says: list again
    try (Watching watching = new Watching(registry, listing.revision())) {
      assertThat(watching.awaitChange()).isInstanceOfAny(Seen.Deleted.class, Seen.Ended.class);
    }
  }

  @Test
  void aForgottenPastEndsTheWatchOrHidesNothing() throws Exception { // ETC-16
    Listing listing = registry.list();
    Entry a = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    done(registry.create(B, VALUE, Expiry.LEASED));
    registry.delete(a);
    store.forget();

    try (Watching watching = new Watching(registry, listing.revision())) {
      Set<String> seen = new HashSet<>();
      boolean ended = false;
      while (!ended && !seen.equals(Set.of(B))) {
        switch (watching.awaitChange()) {
          case Seen.Put put -> seen.add(put.entry().name());
          case Seen.Deleted deleted -> seen.remove(deleted.name());
          case Seen.Ended _ -> ended = true;
          case Seen.Alive _, Seen.Config _, Seen.Interrupted _ -> {}
        }
      }
    }
  }

  @Test
  void aLiveWatchSurvivesForgetting() throws Exception {
    try (Watching watching = new Watching(registry, registry.list().revision())) {
      watching.await(Seen.Alive.class);
      store.put(A, VALUE.getBytes(UTF_8));
      watching.await(Seen.Put.class);
      store.forget();
      store.put(B, VALUE.getBytes(UTF_8));
      assertThat(watching.awaitChange()).isInstanceOfAny(Seen.Put.class, Seen.Ended.class);
    }
  }

  @Test
  void aReplacedStoreEndsTheWatchAndHasAnotherIdentityOrALowerRevision()
      throws Exception { // ODD-62
    for (int i = 1; i < 20; i++) {
      store.put("10.5." + i + ".0-24", VALUE.getBytes(UTF_8));
    }
    Listing before = registry.list();
    try (Watching watching = new Watching(registry, before.revision())) {
      watching.await(Seen.Alive.class);
      store.replace();
      watching.await(Seen.Ended.class);
    }

    Listing after = reachable();
    assertThat(after.entries()).isEmpty();
    assertThat(after)
        .matches(listing ->
            !listing.storeId().equals(before.storeId()) || listing.revision() < before.revision());
  }

  @Test
  void aStoreOutOfReachIsAnErrorThatSaysSoAndPasses() throws Exception { // ODD-66
    done(registry.create(A, VALUE, Expiry.LEASED));
    Listing before = registry.list();
    store.stop();

    long start = System.nanoTime();
    assertThatThrownBy(registry::list)
        .isInstanceOf(StoreException.class)
        .hasMessageMatching(".{10,}");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    assertThatThrownBy(() -> registry.create(B, VALUE, Expiry.LEASED))
        .isInstanceOf(StoreException.class);

    store.start();
    Listing after = reachable();
    assertThat(after.storeId()).isEqualTo(before.storeId());
    assertThat(after.entries()).extracting(Entry::name).containsExactly(A);
  }

  private Listing reachable() {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(15))
        .ignoreException(StoreException.class)
        .until(registry::list, listing -> true);
  }

  @Test
  void anInterruptEndsAWatchAtOnce() throws Exception {
    try (Watching watching = new Watching(registry, registry.list().revision())) {
      watching.await(Seen.Alive.class);
      long start = System.nanoTime();
      watching.interrupt();
      watching.await(Seen.Interrupted.class);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  void anInterruptedCallerGetsNoAnswer() throws Exception {
    try {
      Thread.currentThread().interrupt();
      assertThatThrownBy(registry::list).isInstanceOf(InterruptedException.class);
    } finally {
      boolean cleared = Thread.interrupted();
      assertThat(cleared).as("the exception cleared the flag").isFalse();
    }
    assertThat(registry.list().entries()).isEmpty();
  }
}
