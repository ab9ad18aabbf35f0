// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfigParser;
import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.status.Facts;
import io.jflannel.flanneld.subnetfile.SubnetEnv;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When the subnet file may say what (LIF-1). */
class NodeTest {

  private static final NetworkConfig CONFIG =
      NetworkConfigParser.parse("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
  private static final Subnets FIRST = subnet("10.5.1.0/24");
  private static final Subnets SECOND = subnet("10.5.2.0/24");

  @Test
  void aLostSubnetIsLeftInTheFileUntilTheDeviceHasTheNewOne() {
    Facts before = Facts.atStart().with(held(FIRST)).with(pass(FIRST, Map.of())).with(rules(FIRST));
    assertThat(wantedSubnet(before)).contains("10.5.1.0/24");

    Facts lost = before.with(held(SECOND));
    assertThat(wantedSubnet(lost)).contains("10.5.1.0/24");

    Facts failing = lost.with(pass(SECOND, Map.of(Family.V4, List.of("address: EPERM"))));
    assertThat(wantedSubnet(failing)).isEmpty();

    Facts moved = failing.with(pass(SECOND, Map.of()));
    assertThat(wantedSubnet(moved)).isEmpty();
    assertThat(wantedSubnet(moved.with(rules(SECOND)))).contains("10.5.2.0/24");
  }

  @Test // LIF-1: masquerade rules come first
  void withoutItsRulesThereIsNoFile() {
    Facts programmed = Facts.atStart().with(held(FIRST)).with(pass(FIRST, Map.of()));

    assertThat(wantedSubnet(programmed)).isEmpty();
    assertThat(wantedSubnet(programmed.with(rules(FIRST, List.of("no iptables"))))).isEmpty();
  }

  @Test
  void withoutAPassThereIsNoFile() {
    assertThat(wantedSubnet(Facts.atStart().with(held(FIRST)))).isEmpty();
  }

  private static Optional<String> wantedSubnet(Facts facts) {
    return Node.wantedFile(CONFIG, false, facts)
        .flatMap(SubnetEnv::v4)
        .map(part -> part.subnet().toString());
  }

  private static Subnets subnet(String text) {
    return new Subnets(Optional.of(Cidr.parse(text)), Optional.empty());
  }

  private static StoreView held(Subnets subnets) {
    LeaseAttributes attributes =
        new LeaseAttributes(
            Optional.empty(), Optional.empty(), "vxlan", Optional.empty(), Optional.empty());
    return new StoreView(
        new OwnLease.Held(new Lease(subnets, attributes), Optional.empty(), Optional.empty()),
        List.of(),
        List.of(),
        Set.of(),
        true,
        new StoreView.Contact(true, Instant.EPOCH, ""),
        Optional.empty());
  }

  private static TrafficReport rules(Subnets subnets) {
    return rules(subnets, List.of());
  }

  private static TrafficReport rules(Subnets subnets, List<String> blocking) {
    return new TrafficReport(
        "iptables (nft)", subnets, blocking, List.of(), List.of(), 0, List.of());
  }

  private static PassReport pass(Subnets subnets, Map<Family, List<String>> problems) {
    return new PassReport(
        1,
        Instant.EPOCH,
        true,
        Optional.of(new PassReport.Own(subnets, 1450)),
        Set.of(Family.V4),
        problems,
        List.of(),
        0,
        Map.of(),
        0,
        0,
        0,
        Duration.ZERO,
        Duration.ZERO,
        new PassReport.Totals(Duration.ZERO, 0),
        List.of());
  }
}
