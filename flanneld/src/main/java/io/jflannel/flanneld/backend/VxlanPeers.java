// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.backend.Backend.Problem;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.VtepMac;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Gateway;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what vxlan wants for each peer (backends.md 3.5), one family at a time. */
final class VxlanPeers {

  private final Underlay underlay;
  private final List<Lease> peers;
  private final List<Resource> resources;
  private final List<Problem> problems = new ArrayList<>();

  VxlanPeers(Underlay underlay, List<Lease> all) {
    this.underlay = underlay;
    peers = new ArrayList<>(all.size());
    resources = new ArrayList<>(8 + 3 * all.size());
    for (Lease peer : all) {
      if (peer.attributes().backendType().equals(Vxlan.TYPE)) {
        peers.add(peer);
      } else {
        problem(peer, Problems.otherBackend(peer, Vxlan.TYPE));
      }
    }
  }

  void add(Resource resource) {
    resources.add(resource);
  }

  void problem(Lease lease, String reason) {
    problems.add(new Problem(lease, reason));
  }

  List<Resource> resources() {
    return resources;
  }

  List<Problem> problems() {
    return problems;
  }

  /** Everything for one family's device, whose own MAC is {@code ownMac}. */
  void addAll(Family family, String device, MacAddress ownMac) {
    Map<MacAddress, Ip> hosts = HashMap.newHashMap(peers.size());
    for (Lease peer : peers) {
      Optional<Cidr> subnet = peer.subnets().of(family);
      if (subnet.isPresent()) {
        add(peer, subnet.get(), device, ownMac, hosts);
      }
    }
  }

  /**
   * One peer. A host may have two leases for a while, both with its MAC.
   *
   * @param hosts who has which MAC already
   */
  private void add(
      Lease peer, Cidr subnet, String device, MacAddress ownMac, Map<MacAddress, Ip> hosts) {
    Family family = subnet.family();
    Optional<Ip> host = peer.attributes().publicIp(family);
    if (host.isEmpty()) {
      problem(peer, Problems.noPublicIp(family));
      return;
    }
    if (underlay.reach(host.get()) instanceof Reach.Direct(var link, _)) {
      resources.add(new Route(subnet, new Gateway(link, host.get(), false)));
      return;
    }
    switch (VtepMac.of(peer.attributes(), family)) {
      case VtepMac.Known(var mac)
          when !mac.equals(ownMac)
              && hosts.computeIfAbsent(mac, _ -> host.get()).equals(host.get()) -> {
        Ip gateway = subnet.network().ip();
        resources.add(new FdbEntry(device, mac, host.get()));
        resources.add(new Neighbour(device, gateway, mac));
        resources.add(new Route(subnet, new Gateway(device, gateway, true)));
      }
      case VtepMac.Known(var mac) -> problem(peer, "its VTEP MAC " + mac + " is another node's");
      case VtepMac.Absent() -> problem(peer, "waits for its VTEP MAC (" + family + ")");
      case VtepMac.Bad(var reason) ->
          problem(peer, "its VTEP MAC (" + family + ") is unusable: " + reason);
    }
  }
}
