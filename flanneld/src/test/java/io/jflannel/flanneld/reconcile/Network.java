// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backends;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.flanneld.kernel.World;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Ownership;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The network of the tests: this node is number 1 on {@code eth0} with 10.77.0.1 and fd77::1, node
 * N has 10.244.N.0/24 and fd00:10:244:N::/64.
 */
final class Network {

  static final List<Cidr> HOST = List.of(Cidr.parse("10.77.0.1/24"), Cidr.parse("fd77::1/64"));

  final NetworkConfig config;
  final Backend backend;

  Network(String backendJson) {
    this(backendJson, UnaryOperator.identity());
  }

  Network(String backendJson, UnaryOperator<Backend> decoration) {
    Json.Obj object = (Json.Obj) Json.parse(backendJson);
    String type = ((Json.Str) object.member("Type").orElseThrow()).value();
    config =
        new NetworkConfig(
            Optional.of(range("10.244.0.0/16", 24)),
            Optional.of(range("fd00:10:244::/48", 64)),
            false,
            type,
            object);
    backend = decoration.apply(Backends.of(config, external(), _ -> "flannel0"));
  }

  private static AddressRange range(String cidr, int length) {
    Cidr network = Cidr.parse(cidr);
    return new AddressRange(network, length, network.ip(), network.ip());
  }

  /** As chosen at the start; a pass finds index and MTU. */
  static ExternalInterface external() {
    Optional<Ip> v4 = Optional.of(Ip.parse("10.77.0.1"));
    Optional<Ip> v6 = Optional.of(Ip.parse("fd77::1"));
    return new ExternalInterface("eth0", 2, 1500, v4, v6, v4, v6);
  }

  static void addParent(World world) {
    world.addParent("eth0", 1500, HOST);
  }

  Ownership ownership() {
    Set<String> devices = new HashSet<>();
    backend.devices().v4().ifPresent(devices::add);
    backend.devices().v6().ifPresent(devices::add);
    return new Ownership(
        config.v4().map(AddressRange::network),
        config.v6().map(AddressRange::network),
        devices,
        Set.of());
  }

  Lease own() {
    return lease(1, "10.77.0.1", "fd77::1", 1);
  }

  /** A peer on the same link. */
  Lease near(int node) {
    return lease(node, "10.77.0." + node, "fd77::" + Integer.toHexString(node), node);
  }

  /** A peer behind a router. */
  Lease far(int node) {
    return lease(node, "192.0.2." + node, "2001:db8::" + Integer.toHexString(node), node);
  }

  Lease lease(int node, String host4, String host6, int mac) {
    Subnets subnets =
        new Subnets(
            Optional.of(Cidr.parse("10.244." + node + ".0/24")),
            Optional.of(Cidr.parse("fd00:10:244:" + Integer.toHexString(node) + "::/64")));
    return new Lease(
        subnets,
        new LeaseAttributes(
            Optional.of(Ip.parse(host4)),
            Optional.of(Ip.parse(host6)),
            backend.type(),
            data(mac),
            data(mac + 1000)));
  }

  private Optional<Json> data(int mac) {
    if (backend.devices().v4().isEmpty()) {
      return Optional.empty();
    }
    MacAddress address = new MacAddress(0x0a_00_00_00_00_00L + mac);
    return Optional.of(Json.parse("{\"VNI\":1,\"VtepMAC\":\"" + address + "\"}"));
  }

  StoreView view(List<Lease> peers) {
    return view(peers, Set.of(), true);
  }

  StoreView view(List<Lease> peers, Set<Cidr> kept, boolean complete) {
    return new StoreView(
        new OwnLease.Held(own(), Optional.empty(), Optional.empty()),
        peers,
        List.of(),
        kept,
        complete,
        new StoreView.Contact(true, Instant.EPOCH, ""),
        Optional.empty());
  }
}
