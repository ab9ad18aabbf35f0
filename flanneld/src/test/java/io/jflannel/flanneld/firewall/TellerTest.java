// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.flow.Latest;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.traffic.Part;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TellerTest {

  private static final Subnets OWN =
      new Subnets(Optional.of(Cidr.parse("10.244.1.0/24")), Optional.empty());
  private static final Outcome WRITTEN =
      new Outcome(List.of(Part.MASQUERADE), 1, Map.of(), List.of());
  private static final Outcome UNDONE =
      new Outcome(
          List.of(Part.MASQUERADE),
          1,
          Map.of(Part.MASQUERADE, new FirewallException("they were gone")),
          List.of());

  private final Latest<TrafficReport> reports = new Latest<>();
  private final Teller teller = new Teller("nftables", reports);

  private TrafficReport report() {
    teller.report(OWN, new Findings());
    return last();
  }

  private TrafficReport last() {
    return reports.peek().orElseThrow().value();
  }

  @Test // containers could not be started, though nothing was wrong
  void aLookThatOnlyTakesLongBlocksNobody() {
    report();

    teller.overdue(Family.V4, false);

    assertThat(last().allows(OWN)).isTrue();
    assertThat(last().notes())
        .containsExactly("IPv4: looking at the rules takes long: slow programs?");
  }

  @Test
  void aKnownChangeBlocksUntilItWasLookedAt() {
    report();

    teller.overdue(Family.V4, true);

    assertThat(last().allows(OWN)).isFalse();
    assertThat(report().allows(OWN)).isTrue();
  }

  @Test
  void onlyWhatWasRightBeforeIsARepair() {
    teller.tell(Family.V4, WRITTEN, true, "");
    assertThat(report().repairs()).isZero();
    teller.tell(Family.V4, WRITTEN, false, "");
    assertThat(report().repairs()).isZero();
    teller.tell(Family.V4, WRITTEN, true, "");
    assertThat(report().repairs()).isOne();
  }

  @Test // issue 4: whoever keeps removing ours is reported
  void whoeverUndoesWhatIsWrittenIsNamedFromTheStart() {
    for (int i = 0; i < 5; i++) {
      teller.tell(Family.V4, UNDONE, i > 0, "firewalld (pid 7)");
    }

    assertThat(report().opponents()).singleElement().asString().contains("firewalld (pid 7)");
  }
}
