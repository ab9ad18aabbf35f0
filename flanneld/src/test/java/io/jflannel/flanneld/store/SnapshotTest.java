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

  @Test
  void onlyWhatIsReadOfALongValueIsKept() {
    String lease =
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:09\"%s}%s}";
    String noise = ",\"x\":[" + "0,".repeat(30_000) + "0]";

    assertThat(entry("10.5.1.0-24", lease.formatted(noise, noise), 1).bounded().value())
        .isEqualTo(lease.formatted("", ""));
    assertThat(entry("10.5.1.0-24", "z".repeat(60_000), 1).bounded())
        .satisfies(refused -> assertThat(refused.value()).isEmpty())
        .satisfies(refused -> assertThat(refused.problem().orElseThrow()).hasSizeLessThan(300));
    assertThat(
            entry("10.5.1.0-24", lease.formatted("", "").replace("vxlan", "v".repeat(9_000)), 1)
                .bounded()
                .problem())
        .contains("the value has 9113 characters, too many");
    assertThat(entry(LONG, "", 1).bounded().name()).hasSizeLessThan(300);
  }
}
