// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.LeaseText;
import io.jflannel.flanneld.store.Registry.Entry;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a write to our key means: we are 192.0.2.1 and were 192.0.2.2 for a moment. */
class OwnKeyTest {

  private static final String MAC = "02:00:00:00:00:01";
  private static final LeaseAttributes OURS = TestNode.vxlan("192.0.2.1", MAC);
  private static final LeaseAttributes MOMENTARY = TestNode.vxlan("192.0.2.2", MAC);

  private static OwnKey read(LeaseAttributes said, Set<LeaseAttributes> unanswered) {
    Entry entry =
        new Entry(
            "10.3.1.0-24",
            LeaseText.write(said, LeaseText.Form.V3),
            Optional.empty(),
            1,
            2,
            3,
            false,
            Optional.empty());
    return OwnKey.read(entry, OURS, unanswered, OURS, LeaseText.Form.V3, Family.V4);
  }

  @Test
  void aWriteOfOursWithoutAnAnswerIsNoOtherNodes() {
    assertThat(read(MOMENTARY, Set.of(MOMENTARY))).isEqualTo(new OwnKey.Altered());
  }

  @Test
  void anotherNodeThatNowHasOurMomentaryAddressIsAnother() {
    assertThat(read(TestNode.vxlan("192.0.2.2", "02:00:00:00:00:0f"), Set.of(MOMENTARY)))
        .isEqualTo(new OwnKey.Lost(Ip.parse("192.0.2.2")));
  }

  @Test
  void anAddressThatWeNeverWroteIsAnotherNodes() {
    assertThat(read(MOMENTARY, Set.of())).isEqualTo(new OwnKey.Lost(Ip.parse("192.0.2.2")));
  }

  @Test
  void ourAddressWithAnotherMacIsATwin() { // P19
    assertThat(read(TestNode.vxlan("192.0.2.1", "02:00:00:00:00:0f"), Set.of()))
        .isEqualTo(new OwnKey.Twin(Ip.parse("192.0.2.1")));
  }
}
