// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.FdbEntry;
import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.Resource.Nexthop;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.TunnelPeer;
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.net.Cidr;
import java.util.HashSet;
import java.util.Set;

/**
 * What is not swept although nobody wants it: all that serves a subnet whose key in the store is
 * unreadable, and nexthop objects on links that we share with others unless our routes use them.
 */
final class Keepers {

  private final Plan.Limits limits;
  private final Set<Key.Fdb> keptFdb = new HashSet<>();
  private final Set<String> keptDevices = new HashSet<>();
  private final Set<Key.NexthopObject> keptNexthops = new HashSet<>();
  private final Set<Key.NexthopObject> usedNexthops = new HashSet<>();

  Keepers(State actual, Plan.Limits limits) {
    this.limits = limits;
    for (Resource resource : actual.all()) {
      switch (resource) {
        case Route(var destination, Via.ViaNexthop(var device, var gateway, boolean onlink)) -> {
          var key = new Key.NexthopObject(device, gateway, onlink);
          usedNexthops.add(key);
          if (kept(destination)) {
            keptNexthops.add(key);
            noteRoute(actual, destination, device);
          }
        }
        case Route(var destination, Via.Gateway(var device, var _, var _)) -> {
          if (kept(destination)) {
            noteRoute(actual, destination, device);
          }
        }
        case Neighbour neighbour -> {
          if (kept(Cidr.host(neighbour.ip()))) {
            keptFdb.add(new Key.Fdb(neighbour.device(), neighbour.mac()));
          }
        }
        case Route _, Nexthop _, FdbEntry _, TunnelPeer _ -> {}
        case Resource.Device _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> {}
      }
    }
  }

  /** A kept route whose neighbour is lost: nobody knows which FDB entry is its own. */
  private void noteRoute(State actual, Cidr destination, String device) {
    if (!actual.has(new Key.NeighbourEntry(device, destination.network().ip()))) {
      keptDevices.add(device);
    }
  }

  boolean keep(Resource resource) {
    return switch (resource) {
      case Route route -> kept(route.destination());
      case TunnelPeer peer -> kept(peer.subnet());
      case Neighbour neighbour -> kept(Cidr.host(neighbour.ip()));
      case FdbEntry entry ->
          keptDevices.contains(entry.device())
              || keptFdb.contains(new Key.Fdb(entry.device(), entry.mac()));
      case Nexthop nexthop ->
          keptNexthops.contains(nexthop.key())
              || !limits.ownership().devices().contains(nexthop.device())
                  && !usedNexthops.contains(nexthop.key());
      case Resource.Device _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> true;
    };
  }

  private boolean kept(Cidr destination) {
    if (limits.kept().isEmpty()) {
      return false;
    }
    for (Cidr subnet : limits.kept()) {
      if (subnet.overlaps(destination)) {
        return true;
      }
    }
    return false;
  }
}
