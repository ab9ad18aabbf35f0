// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.lease.KernelDecap;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The backend udp on a node that unwraps datagrams in the kernel (ADR 6): its lease says so, and
 * packets to peers whose leases say so too pass by the kernel alone, where the kernel can do it:
 * its programs are at one link, the external interface, so the way to the peer must lead over that;
 * and they cannot fragment, so its path must take whole what the tunnel's MTU allows.
 */
record WithKernelDecap(Backend backend) implements Backend {

  @Override
  public LeaseAttributes attributes(
      ExternalInterface external, Vteps vteps, Optional<LeaseAttributes> published) {
    LeaseAttributes plain = backend.attributes(external, vteps, published);
    return new LeaseAttributes(
        plain.publicIp(),
        plain.publicIpv6(),
        plain.backendType(),
        Optional.of(KernelDecap.data()),
        plain.backendV6Data());
  }

  @Override
  public Desired desired(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {
    Set<Cidr> able = new HashSet<>();
    int longest = backend.mtu(external) + UdpConfig.OVERHEAD;
    for (Lease peer : view.peers()) {
      Optional<Ip> host = peer.attributes().publicIp(Family.V4);
      if (takesOurs(peer)
          && host.filter(ip -> underlay.reach(ip).carries(longest, external.name())).isPresent()) {
        peer.subnets().of(Family.V4).ifPresent(able::add);
      }
    }
    Desired plain = backend.desired(external, own, underlay, view);
    List<Resource> resources =
        plain.state().all().stream().map(resource -> marked(resource, able)).toList();
    return new Desired(State.of(resources), plain.problems());
  }

  private static boolean takesOurs(Lease peer) {
    return KernelDecap.of(peer.attributes()).takesOurs();
  }

  private static Resource marked(Resource resource, Set<Cidr> able) {
    return resource instanceof TunnelPeer(var subnet, var host, var _)
        ? new TunnelPeer(subnet, host, able.contains(subnet))
        : resource;
  }

  @Override
  public String type() {
    return backend.type();
  }

  @Override
  public int mtu(ExternalInterface external) {
    return backend.mtu(external);
  }

  @Override
  public Devices devices() {
    return backend.devices();
  }

  @Override
  public Set<Ip> asksFor(StoreView view) {
    Set<Ip> asked = new HashSet<>(backend.asksFor(view));
    for (Lease peer : view.peers()) {
      if (takesOurs(peer)) {
        peer.attributes().publicIp(Family.V4).ifPresent(asked::add);
      }
    }
    return asked;
  }
}
