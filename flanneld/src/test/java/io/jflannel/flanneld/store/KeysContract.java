// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Expiry;
import io.jflannel.flanneld.store.Registry.Listing;
import io.jflannel.flanneld.store.Registry.Written;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Registry} promises about keys, for every implementation, against a real store. */
abstract class KeysContract {

  static final String A = "10.5.1.0-24";
  static final String B = "10.5.2.0-24";
  static final String DUAL = "10.5.3.0-24&fd00:0:0:1::-64";
  static final String V6 = "0.0.0.0-0&fd00:0:0:2::-64";
  static final String VALUE = "{\"PublicIP\":\"192.0.2.1\",\"PublicIPv6\":null}";

  @SuppressWarnings("NullAway.Init")
  StoreUnderTest store;

  @SuppressWarnings("NullAway.Init")
  Registry registry;

  /** A fresh, empty, reachable store. */
  protected abstract StoreUnderTest freshStore() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    store = freshStore();
    registry = store.open();
  }

  @AfterEach
  void closeStore() {
    registry.close();
    store.close();
  }

  @Test
  void anEmptyStoreListsNothingAndHasAnIdentity() throws Exception {
    Listing first = registry.list();
    assertThat(first.entries()).isEmpty();
    assertThat(first.storeId()).isNotEmpty();

    try (Registry other = store.open()) {
      assertThat(other.list().storeId()).isEqualTo(first.storeId());
    }
  }

  @Test
  void aCreatedKeyIsListedAsWritten() throws Exception {
    Written.Done done = done(registry.create(A, VALUE, Expiry.LEASED));

    Listing listing = registry.list();
    Entry listed = listing.entries().getFirst();
    assertThat(listing.entries()).hasSize(1);
    assertThat(listed.name()).isEqualTo(A);
    assertThat(listed.value()).isEqualTo(VALUE);
    assertThat(listed.problem()).isEmpty();
    assertThat(listed.reservation()).isFalse();
    assertThat(listed.createRevision()).isEqualTo(listed.modRevision());
    assertThat(listed.modRevision()).isEqualTo(done.entry().modRevision());
    assertThat(listed.createRevision()).isEqualTo(done.entry().createRevision());
    assertThat(listed.leaseId()).isEqualTo(done.entry().leaseId());
    assertThat(listing.revision()).isGreaterThanOrEqualTo(listed.modRevision());
  }

  @Test
  void aLeasedKeyIsGrantedADayAndAReservationForever() throws Exception {
    Written.Done leased = done(registry.create(A, VALUE, Expiry.LEASED));
    Written.Done reserved = done(registry.create(B, VALUE, Expiry.NEVER));

    assertThat(leased.timeLeft().orElseThrow())
        .isBetween(Registry.LEASE_TIME.minusSeconds(30), Registry.LEASE_TIME);
    assertThat(leased.entry().reservation()).isFalse();
    assertThat(reserved.timeLeft()).isEmpty();
    assertThat(reserved.entry().reservation()).isTrue();
    assertThat(registry.list().entries())
        .extracting(Entry::reservation)
        .containsExactly(false, true);
  }

  @Test
  void creatingAKeyThatExistsIsAConflict() throws Exception { // ETC-10: version 0
    store.put(A, "other".getBytes(UTF_8));

    assertThat(registry.create(A, VALUE, Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    assertThat(only().value()).isEqualTo("other");
  }

  @Test
  void keysOfAllFormsAreWrittenAndListedInKeyOrder() throws Exception { // ETC-1
    List<String> names = List.of(B, DUAL, "10.5.100.0-24", V6, A);
    for (String name : names) {
      done(registry.create(name, name, Expiry.LEASED));
    }

    List<Entry> entries = registry.list().entries();
    assertThat(entries).extracting(Entry::name).containsExactly(V6, A, "10.5.100.0-24", B, DUAL);
    assertThat(entries).allMatch(entry -> entry.name().equals(entry.value()));
  }

  @Test
  void valuesTravelUnchanged() throws Exception {
    String value = "{\"a\":\"\u00e4 \u20ac \\u003c & = + % \\\" \\n\",\"b\":[1,2.50,null]}";
    done(registry.create(A, value, Expiry.LEASED));

    assertThat(only().value()).isEqualTo(value);
  }

  @Test
  void anUpdateReplacesTheValueAndCountsTheRevisionUp() throws Exception { // P8
    Entry before = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    Written.Done done = done(registry.update(before, "new", Expiry.LEASED));

    assertThat(done.entry().modRevision()).isGreaterThan(before.modRevision());
    assertThat(done.entry().createRevision()).isEqualTo(before.createRevision());
    assertThat(done.timeLeft().orElseThrow()).isGreaterThan(Duration.ofHours(23));
    assertThat(only().value()).isEqualTo("new");
    assertThat(only().modRevision()).isEqualTo(done.entry().modRevision());
    assertThat(done(registry.update(done.entry(), "newer", Expiry.LEASED)).entry().value())
        .isEqualTo("newer");
  }

  @Test
  void anUpdateOfAChangedKeyIsAConflict() throws Exception { // ODD-17
    Entry mine = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    store.put(A, "theirs".getBytes(UTF_8));

    assertThat(registry.update(mine, "mine", Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    assertThat(only().value()).isEqualTo("theirs");
  }

  @Test
  void anUpdateOfADeletedOrReCreatedKeyIsAConflict() throws Exception { // ODD-17
    Entry mine = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    store.delete(A);
    assertThat(registry.update(mine, "mine", Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    assertThat(registry.list().entries()).isEmpty();

    store.put(A, VALUE.getBytes(UTF_8));
    assertThat(registry.update(mine, "mine", Expiry.LEASED)).isInstanceOf(Written.Conflict.class);
    assertThat(only().value()).isEqualTo(VALUE);
  }

  @Test
  void aReservationStaysOneWhenUpdatedSo() throws Exception { // ETC-12
    store.put(A, VALUE.getBytes(UTF_8));
    assertThat(only().reservation()).isTrue();

    Written.Done done = done(registry.update(only(), "new", Expiry.NEVER));
    assertThat(done.entry().reservation()).isTrue();
    assertThat(done.timeLeft()).isEmpty();
    assertThat(only().reservation()).isTrue();
    assertThat(only().timeLeft()).isEmpty();
  }

  @Test
  void aListedUpdateOfAForeignLeasedKeyWorks() throws Exception { // 6.5 step 2
    store.put(A, "theirs".getBytes(UTF_8), Duration.ofSeconds(500));
    assertThat(only().reservation()).isFalse();

    Written.Done done = done(registry.update(only(), "mine", Expiry.LEASED));
    assertThat(done.timeLeft().orElseThrow()).isGreaterThan(Duration.ofHours(23));
    assertThat(only().value()).isEqualTo("mine");
  }

  @Test
  void renewingOftenKeepsTheKey() throws Exception { // ODD-39: a replaced lease takes nothing along
    Entry entry = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    for (int i = 0; i < 20; i++) {
      entry = done(registry.update(entry, VALUE, Expiry.LEASED)).entry();
    }
    assertSameKey(only(), entry);
  }

  static void assertSameKey(Entry one, Entry other) {
    assertThat(one).usingRecursiveComparison().ignoringFields("timeLeft").isEqualTo(other);
  }

  @Test
  void aDeleteTakesOnlyWhatWasRead() throws Exception { // ODD-22
    Entry read = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    Entry changed = done(registry.update(read, "new", Expiry.LEASED)).entry();

    registry.delete(read);
    assertThat(only().value()).isEqualTo("new");

    registry.delete(changed);
    assertThat(registry.list().entries()).isEmpty();
    registry.delete(changed);
  }

  @Test
  void onlyDirectChildrenAreListed() throws Exception { // ODD-14
    store.put(A, VALUE.getBytes(UTF_8));
    store.put("sub/" + B, VALUE.getBytes(UTF_8));

    assertThat(registry.list().entries()).extracting(Entry::name).containsExactly(A);
  }

  @Test
  void anOversizedValueIsNamedAndNotRead() throws Exception {
    store.put(A, new byte[Registry.LARGEST_VALUE + 1]);
    store.put(B, "x".repeat(Registry.LARGEST_VALUE).getBytes(UTF_8));

    List<Entry> entries = registry.list().entries();
    assertThat(entries.getFirst().problem()).isPresent();
    assertThat(entries.getFirst().value()).isEmpty();
    // whole, or judged already: what is no lease is not kept
    assertThat(entries.getLast())
        .matches(entry ->
            entry.problem().isEmpty()
                ? entry.value().length() == Registry.LARGEST_VALUE
                : entry.value().isEmpty());
  }

  @Test
  void aValueThatIsNoTextDoesNotHideTheOthers() throws Exception { // ODD-19
    store.put(A, new byte[] {'"', (byte) 0xff, (byte) 0xfe, '"'});
    store.put(B, VALUE.getBytes(UTF_8));

    List<Entry> entries = registry.list().entries();
    assertThat(entries).extracting(Entry::name).containsExactly(A, B);
    // etcd v2 talks JSON and puts U+FFFD in place of what is no UTF-8
    assertThat(entries.getFirst())
        .matches(entry -> entry.problem().isPresent() || entry.value().contains("\ufffd"));
    assertThat(entries.getLast().value()).isEqualTo(VALUE);
  }

  @Test
  void manyKeysAreListedCompletely() throws Exception { // pages of 1,000
    int count = 1_205;
    inParallel(8, i -> createMany(i, count));

    List<Entry> entries = registry.list().entries();
    assertThat(entries).hasSize(count);
    assertThat(entries).extracting(Entry::name).isSorted().doesNotHaveDuplicates();
  }

  private String createMany(int worker, int count) throws InterruptedException {
    for (int i = worker; i < count; i += 8) {
      done(registry.create("10." + (i >> 8) + "." + (i & 255) + ".0-24", VALUE, Expiry.NEVER));
    }
    return "";
  }

  @Test
  void configurationIsReadBackVerbatim() throws Exception {
    assertThat(registry.config()).isEmpty();

    store.config("{ \"Network\" : \"10.5.0.0/16\" }\n");
    assertThat(registry.config()).contains("{ \"Network\" : \"10.5.0.0/16\" }\n");
  }

  @Test
  void messagesNameKeysAndTheRemedy() { // P12
    assertThat(registry.configKey()).endsWith("config");
    assertThat(registry.configHint()).contains(registry.configKey());
    assertThat(registry.leaseKey(A)).endsWith("subnets/" + A);
    assertThat(registry.description()).isNotBlank();
  }

  @Test
  void oneOfManyCreatorsWins() throws Exception { // ODD-16
    List<Written> results = inParallel(16, i -> registry.create(A, "value " + i, Expiry.LEASED));

    List<Written> won = results.stream().filter(Written.Done.class::isInstance).toList();
    assertThat(won).hasSize(1);
    assertThat(only().value()).isEqualTo(done(won.getFirst()).entry().value());
  }

  @Test
  void oneOfManyUpdatersWins() throws Exception { // P8
    Entry read = done(registry.create(A, VALUE, Expiry.LEASED)).entry();
    List<Written> results = inParallel(16, i -> registry.update(read, "value " + i, Expiry.LEASED));

    assertThat(results.stream().filter(Written.Done.class::isInstance)).hasSize(1);
  }

  Entry only() throws InterruptedException {
    List<Entry> entries = registry.list().entries();
    assertThat(entries).hasSize(1);
    return entries.getFirst();
  }

  static Written.Done done(Written written) {
    assertThat(written).isInstanceOf(Written.Done.class);
    return (Written.Done) written;
  }

  interface Work<T> {
    T of(int worker) throws Exception;
  }

  static <T> List<T> inParallel(int workers, Work<T> work)
      throws InterruptedException, ExecutionException {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<T>> tasks = new ArrayList<>();
      for (int i = 0; i < workers; i++) {
        int worker = i;
        tasks.add(() -> work.of(worker));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : executor.invokeAll(tasks)) {
        results.add(future.get());
      }
      return results;
    }
  }
}
