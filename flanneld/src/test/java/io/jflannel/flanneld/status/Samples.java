// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.firewall.TrafficReport;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.Refusal;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.reconcile.PassReport;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A node with two peers. */
final class Samples {

  static final Instant NOW = Instant.parse("2026-11-22T13:22:14Z");
  static final Lease OWN = lease("10.5.1.0/24", "192.0.2.1");
  static final Lease PEER = lease("10.5.2.0/24", "192.0.2.2");
  static final Lease OTHER_PEER = lease("10.5.3.0/24", "192.0.2.3");
  static final About ABOUT =
      new About(
          "0.1.0",
          4711,
          NOW.minusSeconds(60),
          new Json.Obj(
              List.of(new Json.Member("etcd-prefix", new Json.Str("/coreos.com/network")))),
          Path.of("/run/flannel/subnet.env"));

  private Samples() {}

  static Lease lease(String subnet, String publicIp) {
    return new Lease(
        new Subnets(Optional.of(Cidr.parse(subnet)), Optional.empty()),
        new LeaseAttributes(
            Optional.of(Ip.parse(publicIp)),
            Optional.empty(),
            "vxlan",
            Optional.empty(),
            Optional.empty()));
  }

  static Facts working() {
    return Facts.atStart()
        .running()
        .withStore("etcd v3 at http://192.0.2.9:2379")
        .with(
            new ExternalInterface(
                "eth0",
                2,
                1500,
                Optional.of(Ip.parse("192.0.2.1")),
                Optional.empty(),
                Optional.of(Ip.parse("192.0.2.1")),
                Optional.empty()))
        .with(view(held()))
        .with(network(List.of()))
        .with(traffic(List.of(), List.of()))
        .with(new FileState.Written());
  }

  static TrafficReport traffic(List<String> blocking, List<String> problems) {
    return new TrafficReport(
        "iptables (nft)", OWN.subnets(), blocking, problems, List.of("a note"), 2, List.of());
  }

  static OwnLease held() {
    return new OwnLease.Held(OWN, Optional.of(NOW.plusSeconds(82_800)), Optional.empty());
  }

  static StoreView view(OwnLease own) {
    return view(own, new StoreView.Contact(true, NOW.minusSeconds(30), ""));
  }

  static StoreView disconnected(Instant since, String detail) {
    return view(held(), new StoreView.Contact(false, since, detail));
  }

  private static StoreView view(OwnLease own, StoreView.Contact contact) {
    return new StoreView(
        own,
        List.of(PEER, OTHER_PEER),
        List.of(new Refusal("10.9.0.0-24", "outside 10.5.0.0/16")),
        Set.of(),
        true,
        contact,
        Optional.empty());
  }

  static PassReport network(List<String> problems) {
    return report(problems, Map.of());
  }

  static PassReport networkWithPeerProblem(String reason) {
    return report(List.of(), Map.of(OTHER_PEER.subnets(), reason));
  }

  private static PassReport report(List<String> problems, Map<Subnets, String> peers) {
    return new PassReport(
        9,
        NOW,
        true,
        Optional.of(new PassReport.Own(OWN.subnets(), 1450)),
        Set.of(Family.V4),
        Map.of(),
        problems,
        2,
        peers,
        6,
        1,
        3,
        Duration.ofMillis(12),
        Duration.ofMillis(8),
        new PassReport.Totals(Duration.ofMillis(31), 12),
        List.of());
  }
}
