// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The network of golden G1, as backends see it. */
final class Samples {

  static final Set<Family> V4 = Set.of(Family.V4);
  static final Set<Family> V6 = Set.of(Family.V6);
  static final Set<Family> DUAL = Set.of(Family.V4, Family.V6);

  private Samples() {}

  static NetworkConfig config(Set<Family> families, String backend) {
    Json.Obj object = (Json.Obj) Json.parse(backend);
    String type = ((Json.Str) object.member("Type").orElseThrow()).value();
    return new NetworkConfig(
        families.contains(Family.V4) ? Optional.of(range("10.244.0.0/16", 24)) : Optional.empty(),
        families.contains(Family.V6)
            ? Optional.of(range("fd00:10:244::/48", 64))
            : Optional.empty(),
        false,
        type,
        object);
  }

  private static AddressRange range(String cidr, int length) {
    Cidr network = Cidr.parse(cidr);
    return new AddressRange(network, length, network.ip(), network.ip());
  }

  static ExternalInterface external() {
    Optional<Ip> v4 = Optional.of(Ip.parse("10.77.0.1"));
    Optional<Ip> v6 = Optional.of(Ip.parse("fd77::1"));
    return new ExternalInterface("eth0", 2, 1500, v4, v6, v4, v6);
  }

  /** A lease; empty texts are absent. */
  static Lease lease(
      String v4, String v6, String public4, String public6, String type, String d4, String d6) {
    return new Lease(
        new Subnets(optional(v4).map(Cidr::parse), optional(v6).map(Cidr::parse)),
        new LeaseAttributes(
            optional(public4).map(Ip::parse),
            optional(public6).map(Ip::parse),
            type,
            optional(d4).map(Json::parse),
            optional(d6).map(Json::parse)));
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  static StoreView view(Lease... peers) {
    return new StoreView(
        new OwnLease.Waiting("the test"),
        List.of(peers),
        List.of(),
        Set.of(),
        true,
        new StoreView.Contact(true, Instant.EPOCH, ""),
        Optional.empty());
  }
}
