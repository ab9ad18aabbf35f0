// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * vxlan (backends.md 3): a device for each family, and for each peer a neighbour (its subnet's
 * address has this MAC), an FDB entry (this MAC is behind that host) and an on-link route. With
 * DirectRouting a peer on the same link gets a plain route instead.
 */
final class Vxlan implements Backend {

  static final String TYPE = VtepMac.VXLAN;

  private final VxlanConfig config;
  private final Set<Family> families = EnumSet.noneOf(Family.class);

  Vxlan(NetworkConfig network) {
    config = VxlanConfig.of(network);
    for (Family family : Family.values()) {
      if (network.enabled(family)) {
        families.add(family);
      }
    }
  }

  @Override
  public String type() {
    return TYPE;
  }

  /** Upstream takes off 50 whatever the family, too little under an IPv6 underlay (B33). */
  @Override
  public int mtu(ExternalInterface external) {
    int outer = config.mtu().orElse(external.mtu());
    return outer - VxlanConfig.overhead(families.contains(Family.V6) ? Family.V6 : Family.V4);
  }

  @Override
  public Devices devices() {
    return new Devices(device(Family.V4), device(Family.V6));
  }

  private Optional<String> device(Family family) {
    return families.contains(family) ? Optional.of(config.device(family)) : Optional.empty();
  }

  @Override
  public LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published) {
    return new LeaseAttributes(
        external.public4(),
        external.public6(),
        TYPE,
        data(Family.V4, external, vteps.v4(), published),
        data(Family.V6, external, vteps.v6(), published));
  }

  private Optional<Json> data(
      Family family,
      ExternalInterface external,
      MacAddress otherwise,
      Optional<LeaseAttributes> published) {
    if (!families.contains(family) || external.publicIp(family).isEmpty()) {
      return Optional.empty();
    }
    MacAddress mac =
        published
            .map(attributes -> VtepMac.of(attributes, family))
            .flatMap(VtepMac::known)
            .orElse(otherwise);
    return Optional.of(VtepMac.data(config.vni(), mac));
  }

  @Override
  public Set<Ip> asksFor(StoreView view) {
    if (!config.directRouting()) {
      return Set.of();
    }
    Set<Ip> addresses = HashSet.newHashSet(view.peers().size());
    for (Lease peer : view.peers()) {
      for (Family family : families) {
        if (peer.attributes().backendType().equals(TYPE) && peer.subnets().of(family).isPresent()) {
          peer.attributes().publicIp(family).ifPresent(addresses::add);
        }
      }
    }
    return addresses;
  }

  @Override
  public Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {
    var peers = new VxlanPeers(underlay, view.peers());
    for (Family family : Family.values()) {
      if (families.contains(family)) {
        addDevice(family, external, own, peers);
      }
    }
    return new Desired(State.of(peers.resources()), peers.problems());
  }

  private void addDevice(Family family, ExternalInterface external, Lease own, VxlanPeers peers) {
    Optional<Ip> local = external.address(family);
    Optional<Cidr> subnet = own.subnets().of(family);
    Optional<MacAddress> mac = VtepMac.of(own.attributes(), family).known();
    if (local.isEmpty()) {
      peers.problem(own, "there is no " + family + " address on " + external.name());
    } else if (subnet.isEmpty()) {
      peers.problem(own, "the own lease has no " + family + " subnet");
    } else if (mac.isEmpty()) {
      peers.problem(own, "the own lease has no usable VTEP MAC for " + family);
    } else {
      String name = config.device(family);
      peers.add(wantedDevice(family, external, local.get(), mac.get()));
      peers.add(DeviceSysctl.acceptRa(name, "0"));
      peers.add(new DeviceAddress(name, Cidr.host(subnet.get().network().ip())));
      peers.addAll(family, name, mac.get());
    }
  }

  /**
   * The local address is the interface's, not the published one, which may be a router's (B4). The
   * kernel allows no larger MTU than the parent's less the overhead.
   */
  private VxlanDevice wantedDevice(
      Family family, ExternalInterface external, Ip local, MacAddress mac) {
    int outer = Math.min(config.mtu().orElse(external.mtu()), external.mtu());
    return new VxlanDevice(
        config.device(family),
        config.vni(),
        config.port(),
        Optional.of(external.name()),
        Optional.of(local),
        mac,
        outer - VxlanConfig.overhead(family),
        config.learning(),
        config.gbp(),
        true,
        true);
  }
}
