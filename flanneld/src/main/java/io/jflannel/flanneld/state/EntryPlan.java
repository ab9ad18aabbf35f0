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
import io.jflannel.flanneld.state.Resource.Via;
import io.jflannel.flanneld.state.Resource.VxlanDevice;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Stage 2: what lives on the devices, make before break. */
final class EntryPlan {

  private final State wanted;
  private final State actual;
  private final Plan.Limits limits;
  private final Map<Key, List<Resource>> surplus = new HashMap<>();
  private final List<Change> nexthopsIn = new ArrayList<>();
  private final List<Change> fdbIn = new ArrayList<>();
  private final List<Change> neighboursIn = new ArrayList<>();
  private final List<Change> routesIn = new ArrayList<>();
  private final List<Change> routesOut = new ArrayList<>();
  private final List<Change> neighboursOut = new ArrayList<>();
  private final List<Change> fdbOut = new ArrayList<>();
  private final List<Change> nexthopsOut = new ArrayList<>();

  /** How many keys of the actual state are wanted. */
  private int served;

  EntryPlan(State wanted, State actual, Plan.Limits limits) {
    this.wanted = wanted;
    this.actual = actual;
    this.limits = limits;
    for (Resource resource : actual.surplus()) {
      surplus.computeIfAbsent(resource.key(), _ -> new ArrayList<>()).add(resource);
    }
  }

  void addTo(List<Change> changes) {
    for (Resource resource : wanted.all()) {
      switch (resource) {
        case Nexthop nexthop -> put(nexthopsIn, nexthop);
        case FdbEntry entry -> put(fdbIn, entry);
        case Neighbour neighbour -> put(neighboursIn, neighbour);
        case Route route -> put(routesIn, route);
        case VxlanDevice _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> {}
      }
    }
    if (limits.mayDelete() && (served < actual.size() || !surplus.isEmpty())) {
      deleteTheRest();
    }
    for (List<Change> step :
        List.of(
            nexthopsIn,
            fdbIn,
            neighboursIn,
            routesIn,
            routesOut,
            neighboursOut,
            fdbOut,
            nexthopsOut)) {
      changes.addAll(step);
    }
  }

  private void put(List<Change> in, Resource resource) {
    Key key = resource.key();
    List<Resource> others = surplus.isEmpty() ? List.of() : surplus.getOrDefault(key, List.of());
    if (limits.mayDelete()) {
      // before a replace: it answers EEXIST if a later alternative is what is wanted
      others.stream().filter(EntryPlan::deletable).map(Change.Delete::new).forEach(in::add);
    } else if (others.contains(resource)) {
      return;
    }
    Optional<Resource> found = actual.get(key);
    if (found.isEmpty()) {
      in.add(new Change.Add(resource));
      return;
    }
    served++;
    if (!resource.satisfiedBy(found.get())) {
      if (onlinkOverOther(resource, found.get())) {
        in.add(new Change.Delete(found.get()));
        in.add(new Change.Add(resource));
      } else {
        in.add(new Change.Replace(resource, found.get()));
      }
    }
  }

  /**
   * IPv6 refuses an on-link gateway that a route through another device covers, and the old route
   * to the same subnet does: replace answers EINVAL (B52).
   */
  private static boolean onlinkOverOther(Resource wanted, Resource found) {
    return wanted instanceof Route(var destination, Via.Gateway(var device, var _, boolean onlink))
        && onlink
        && destination.family() == Family.V6
        && found instanceof Route(var _, var via)
        && !(via instanceof Via.Gateway(var through, var _, var _) && through.equals(device));
  }

  private void deleteTheRest() {
    var keepers = new Keepers(actual, limits);
    for (Resource resource : actual.all()) {
      if (!wanted.has(resource.key()) && deletable(resource) && !keepers.keep(resource)) {
        delete(resource);
      }
    }
    for (Resource resource : actual.surplus()) {
      if (!wanted.has(resource.key()) && deletable(resource) && !keepers.keep(resource)) {
        delete(resource);
      }
    }
  }

  private static boolean deletable(Resource resource) {
    return !(resource instanceof Route(var _, Via.Foreign _));
  }

  private void delete(Resource resource) {
    var change = new Change.Delete(resource);
    switch (resource) {
      case Nexthop _ -> nexthopsOut.add(change);
      case FdbEntry _ -> fdbOut.add(change);
      case Neighbour _ -> neighboursOut.add(change);
      case Route _ -> routesOut.add(change);
      case VxlanDevice _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> {}
    }
  }
}
