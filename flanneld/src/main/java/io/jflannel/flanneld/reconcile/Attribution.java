// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backend.Problem;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.DeviceAddress;
import io.jflannel.flanneld.state.Resource.DeviceSysctl;
import io.jflannel.flanneld.state.Resource.OtherDevice;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whose problem a failed change is: this node's own, or a peer's. */
final class Attribution {

  private final Map<Family, List<String>> own = new EnumMap<>(Family.class);
  private final List<String> general = new ArrayList<>();
  private final Map<Subnets, String> peers = new LinkedHashMap<>();
  private final Map<Ip, Lease> byAddress = new HashMap<>();

  private Attribution() {}

  static Attribution of(Pass.Result result, Backend.Devices devices) {
    var attribution = new Attribution();
    Wanted.Basis basis = result.wanted().basis();
    for (Problem problem : result.wanted().desired().problems()) {
      if (problem.peer().equals(basis.own())) {
        attribution.general.add(problem.reason());
      } else {
        attribution.peers.putIfAbsent(problem.peer().subnets(), problem.reason());
      }
    }
    if (!result.failures().isEmpty()) {
      attribution.index(basis.view().peers());
      result.failures().forEach(failure -> attribution.add(failure, devices));
    }
    return attribution;
  }

  Map<Family, List<String>> own() {
    return own;
  }

  /** Of this node, but of no family. */
  List<String> general() {
    return general;
  }

  Map<Subnets, String> peers() {
    return peers;
  }

  private void index(List<Lease> leases) {
    for (Lease lease : leases) {
      for (Family family : Family.values()) {
        lease.subnets().of(family).ifPresent(s -> byAddress.put(s.network().ip(), lease));
        lease.attributes().publicIp(family).ifPresent(ip -> byAddress.putIfAbsent(ip, lease));
      }
    }
  }

  private void add(Failure failure, Backend.Devices devices) {
    Resource resource = failure.change().resource();
    Optional<Family> family = family(resource, devices);
    Optional<Lease> peer = peer(resource);
    String reason = Words.of(failure);
    if (family.isPresent()) {
      own.computeIfAbsent(family.get(), _ -> new ArrayList<>()).add(reason);
    } else if (peer.isPresent() && !(failure.change() instanceof Change.Delete)) {
      peers.putIfAbsent(peer.get().subnets(), reason);
    }
  }

  /** The family whose own thing it is. */
  private static Optional<Family> family(Resource resource, Backend.Devices devices) {
    return switch (resource) {
      case Resource.Device device -> family(device.name(), devices);
      case OtherDevice device -> family(device.name(), devices);
      case DeviceAddress address -> Optional.of(address.cidr().family());
      case DeviceSysctl sysctl -> family(sysctl.device(), devices);
      case Resource.Route(var destination, Resource.Via.Direct _) ->
          Optional.of(destination.family());
      case Resource.Nexthop _,
          Resource.FdbEntry _,
          Resource.Neighbour _,
          Resource.TunnelPeer _,
          Resource.Route _ ->
          Optional.empty();
    };
  }

  private static Optional<Family> family(String device, Backend.Devices devices) {
    if (devices.v4().equals(Optional.of(device))) {
      return Optional.of(Family.V4);
    }
    return devices.v6().equals(Optional.of(device)) ? Optional.of(Family.V6) : Optional.empty();
  }

  private Optional<Lease> peer(Resource resource) {
    return switch (resource) {
      case Resource.Route(Cidr destination, var _) -> at(destination.network().ip());
      case Resource.Neighbour neighbour -> at(neighbour.ip());
      case Resource.TunnelPeer tunnelled -> at(tunnelled.subnet().network().ip());
      case Resource.Nexthop nexthop -> at(nexthop.gateway());
      case Resource.FdbEntry entry -> at(entry.remote());
      case Resource.Device _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> Optional.empty();
    };
  }

  private Optional<Lease> at(Ip address) {
    return Optional.ofNullable(byAddress.get(address));
  }
}
