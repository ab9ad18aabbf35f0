// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.flanneld.store.Registry.Listing;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SnapshotTest {

  private static final String LONG = "x".repeat(100_000);

  private static Entry entry(String name, String value, long revision) {
    return new Entry(name, value, Optional.empty(), revision, revision, 0, true, Optional.empty());
  }

  @Test
  void neitherLongNamesNorTheValuesOfRefusedKeysAreKept() {
    var snapshot = new Snapshot();
    snapshot.list(new Listing("s", 2, List.of(entry(LONG, LONG, 1), entry("10.5.1.0-24", "?", 2))));

    assertThat(snapshot.keys()).hasSize(2).allMatch(key -> key.entry().name().length() < 300);
    assertThat(snapshot.keys()).allMatch(key -> key.entry().value().isEmpty());
  }

  @Test
  void aKeyWithALongNameIsDeletedByIt() {
    var snapshot = new Snapshot();
    snapshot.list(new Listing("s", 1, List.of(entry(LONG, "", 1), entry(LONG + "y", "", 1))));
    assertThat(snapshot.keys()).hasSize(2);

    snapshot.delete(LONG, 2);

    assertThat(snapshot.keys()).hasSize(1);
    assertThat(snapshot.entry(LONG + "y")).isPresent();
  }

  @Test
  void whatASlowWatchTellsOfAnOwnKeyIsOld() {
    var snapshot = new Snapshot();
    snapshot.wrote(entry("10.5.1.0-24", "newest", 12));

    assertThat(snapshot.put(entry("10.5.1.0-24", "before", 11))).isFalse();
    assertThat(snapshot.delete("10.5.1.0-24", 11)).isFalse();
    assertThat(snapshot.entry("10.5.1.0-24")).isPresent();
    assertThat(snapshot.put(entry("10.5.1.0-24", "newest", 12))).isTrue();
    assertThat(snapshot.delete("10.5.1.0-24", 13)).isTrue();
  }
}
