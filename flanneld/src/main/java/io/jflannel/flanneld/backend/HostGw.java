// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.config.ConfigException;
import io.jflannel.flanneld.config.NetworkConfig;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Gateway;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * host-gw (backends.md 4): a plain route for each peer with its address as the gateway. No device;
 * all nodes must be on one link.
 */
final class HostGw implements Backend {

  static final String TYPE = "host-gw";

  private final Set<Family> families = EnumSet.noneOf(Family.class);

  /**
   * @throws ConfigException if this node is published under an address that it does not have: peers
   *     could not use it as a gateway (upstream checks IPv4 only, B42)
   */
  HostGw(NetworkConfig network, ExternalInterface external) {
    for (Family family : Family.values()) {
      if (network.enabled(family)) {
        families.add(family);
        refuseNat(family, external);
      }
    }
  }

  private static void refuseNat(Family family, ExternalInterface external) {
    Optional<Ip> published = external.publicIp(family);
    Optional<Ip> address = external.address(family);
    if (!published.equals(address)) {
      throw new ConfigException(
          "Backend.Type: \"host-gw\" does not work behind NAT: the published "
              + family
              + " address is "
              + published.map(Ip::toString).orElse("none")
              + ", but "
              + external.name()
              + " has "
              + address.map(Ip::toString).orElse("none"));
    }
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public int mtu(ExternalInterface external) {
    return external.mtu();
  }

  @Override
  public LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published) {
    return new LeaseAttributes(
        external.public4(), external.public6(), TYPE, Optional.empty(), Optional.empty());
  }

  @Override
  public Devices devices() {
    return new Devices(Optional.empty(), Optional.empty());
  }

  @Override
  public Set<Ip> asksFor(StoreView view) {
    return Set.of();
  }

  @Override
  public Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {
    List<Resource> routes = new ArrayList<>(view.peers().size());
    List<Problem> problems = new ArrayList<>();
    for (Lease peer : view.peers()) {
      if (!peer.attributes().backendType().equals(TYPE)) {
        problems.add(new Problem(peer, Problems.otherBackend(peer, TYPE)));
        continue;
      }
      for (Family family : families) {
        Optional<Cidr> subnet = peer.subnets().of(family);
        Optional<Ip> gateway = peer.attributes().publicIp(family);
        if (subnet.isPresent() && gateway.isPresent()) {
          var via = new Gateway(external.name(), gateway.get(), false);
          routes.add(new Route(subnet.get(), via));
        } else if (subnet.isPresent()) {
          problems.add(new Problem(peer, Problems.noPublicIp(family)));
        }
      }
    }
    return new Desired(State.of(routes), problems);
  }
}
