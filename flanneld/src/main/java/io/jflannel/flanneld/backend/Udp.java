// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * udp (backends.md 6): a TUN device that the whole network is routed into, and a tunnel behind it
 * that knows which host has which subnet. IPv4 only.
 */
final class Udp implements Backend {

  static final String TYPE = "udp";

  /** What upstream's nodes of this backend publish. */
  private static final String PUBLISHED = "";

  private final UdpConfig config;
  private final String device;

  /**
   * @param device name of the TUN device
   */
  Udp(UdpConfig config, String device) {
    this.config = config;
    this.device = device;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public int mtu(ExternalInterface external) {
    return config.deviceMtu(external);
  }

  @Override
  public LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published) {
    return new LeaseAttributes(
        external.public4(), Optional.empty(), PUBLISHED, Optional.empty(), Optional.empty());
  }

  @Override
  public Devices devices() {
    return new Devices(Optional.of(device), Optional.empty());
  }

  @Override
  public Set<Ip> asksFor(StoreView view) {
    return Set.of();
  }

  @Override
  public Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {
    List<Resource> resources = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    Optional<Ip> local = external.address(Family.V4);
    Optional<Cidr> subnet = own.subnets().of(Family.V4);
    if (local.isEmpty()) {
      problems.add(new Problem(own, "there is no IPv4 address on " + external.name()));
    } else if (subnet.isEmpty()) {
      problems.add(new Problem(own, "the own lease has no IPv4 subnet"));
    } else {
      resources.add(
          new TunDevice(
              device,
              local.get(),
              config.port(),
              subnet.get().network(),
              config.deviceMtu(external),
              true));
      resources.add(DeviceSysctl.acceptLocal(device, "1"));
      resources.add(new DeviceAddress(device, Cidr.host(subnet.get().network().ip())));
      resources.add(new Route(config.network(), new Via.Direct(device)));
      view.peers().forEach(peer -> add(peer, resources, problems));
    }
    return new Desired(State.of(resources), problems);
  }

  /** Upstream looks at no backend type (B28), but who publishes another does not listen. */
  private static void add(Lease peer, List<Resource> resources, List<Problem> problems) {
    String type = peer.attributes().backendType();
    Optional<Cidr> subnet = peer.subnets().of(Family.V4);
    Optional<Ip> host = peer.attributes().publicIp(Family.V4);
    if (!type.equals(PUBLISHED)) {
      problems.add(new Problem(peer, Problems.otherBackend(peer, PUBLISHED)));
    } else if (subnet.isPresent() && host.filter(subnet.get()::contains).isPresent()) {
      problems.add(new Problem(peer, "its address " + host.get() + " is in its own subnet"));
    } else if (subnet.isPresent() && host.isPresent()) {
      resources.add(new TunnelPeer(subnet.get(), host.get(), false));
    } else if (subnet.isPresent()) {
      problems.add(new Problem(peer, Problems.noPublicIp(Family.V4)));
    }
  }
}
