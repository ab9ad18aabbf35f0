// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lease.OwnLease;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What keeps {@code /readyz} at 503, and what does not (P36). */
class FactsTest {

  private static final Instant NOW = Samples.NOW;

  @Test
  void aWorkingNodeIsReady() {
    assertThat(Samples.working().readiness(NOW).ready()).isTrue();
  }

  @Test
  void startUpSaysWhatItWaitsFor() {
    Facts facts = Facts.atStart().waitingFor("network configuration: no key /x/config");

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("network configuration: no key /x/config");
  }

  @Test
  void trafficRulesThatAreMissingCountIfTheyWereAskedFor() {
    Facts facts =
        Samples.working()
            .with(Samples.traffic(List.of("IPv4 masquerade rules: no iptables"), List.of("old")));

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("traffic: IPv4 masquerade rules: no iptables");
  }

  @Test
  void everythingOutstandingIsNamed() {
    assertThat(Facts.atStart().running().readiness(NOW).reasons())
        .containsExactly(
            "lease: not acquired yet",
            "network: not programmed yet",
            "traffic: rules not looked at yet",
            "subnet file: not written yet");
  }

  @Test
  void noLease() {
    Facts facts =
        Samples.working().with(Samples.view(new OwnLease.Waiting("out of subnets: 12 of 12 used")));

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("lease: out of subnets: 12 of 12 used");
  }

  @Test
  void aChangedSubnetIsAReasonUntilTheRestart() {
    String warning = "subnet changed from 10.5.1.0/24 to 10.5.2.0/24: restart containers";
    Facts facts =
        Samples.working()
            .with(
                Samples.view(
                    new OwnLease.Held(
                        Samples.OWN, Optional.of(NOW.plusSeconds(60)), Optional.of(warning))));

    assertThat(facts.readiness(NOW).reasons()).containsExactly(warning);
  }

  @Test
  void aLostStoreIsAReasonAfterAMoment() {
    Facts facts = Samples.working().with(Samples.disconnected(NOW, "etcd: connection refused"));

    assertThat(facts.readiness(NOW).ready()).isTrue();
    assertThat(facts.readiness(NOW.plus(Duration.ofSeconds(3))).reasons())
        .containsExactly("store: etcd: connection refused");
  }

  @Test
  void aBrokenDeviceIsAReason() {
    Facts facts = Samples.working().with(Samples.network(List.of("flannel.1: Operation denied")));

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("network: flannel.1: Operation denied");
  }

  @Test
  void anUnprogrammedPeerIsNone() {
    Facts facts = Samples.working().with(Samples.networkWithPeerProblem("no route to host"));

    assertThat(facts.readiness(NOW).ready()).isTrue();
  }

  @Test
  void anUnwritableFileIsAReason() { // ODD-5
    Facts facts = Samples.working().with(new FileState.Failed("/run/x: permission denied"));

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("subnet file: /run/x: permission denied");
  }

  @Test
  void aCniConfigurationThatIsNotKeptIsAReason() {
    Facts facts = Samples.working().withCni(new FileState.Outstanding());

    assertThat(facts.readiness(NOW).reasons())
        .containsExactly("CNI configuration: not written yet");
    assertThat(facts.withCni(new FileState.Failed("no JSON")).readiness(NOW).reasons())
        .containsExactly("CNI configuration: no JSON");
    assertThat(facts.withCni(new FileState.Written()).readiness(NOW).ready()).isTrue();
  }
}
