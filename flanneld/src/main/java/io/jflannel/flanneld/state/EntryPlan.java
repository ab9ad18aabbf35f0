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
  private final List<Change> peersIn = new ArrayList<>();
  private final List<Change> routesIn = new ArrayList<>();
  private final List<Change> routesOut = new ArrayList<>();
  private final List<Change> peersOut = new ArrayList<>();
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

  List<Change> changes() {
    wanted.forEach(this::put);
    if (limits.mayDelete() && (served < actual.size() || !surplus.isEmpty())) {
      deleteTheRest();
    }
    List<Change> changes = new ArrayList<>();
    for (List<Change> step :
        List.of(
            nexthopsIn,
            fdbIn,
            neighboursIn,
            peersIn,
            routesIn,
            routesOut,
            peersOut,
            neighboursOut,
            fdbOut,
            nexthopsOut)) {
      changes.addAll(step);
    }
    return changes;
  }

  private void put(Key key, Resource resource) {
    Optional<Resource> found = actual.get(key);
    if (found.isPresent()) {
      served++;
    }
    boolean alone = surplus.isEmpty() || !surplus.containsKey(key);
    if (!alone || found.isEmpty() || !resource.satisfiedBy(found.get())) {
      change(resource, found, in(resource));
    }
  }

  private List<Change> in(Resource resource) {
    return switch (resource) {
      case Nexthop _ -> nexthopsIn;
      case FdbEntry _ -> fdbIn;
      case Neighbour _ -> neighboursIn;
      case TunnelPeer _ -> peersIn;
      case Route _ -> routesIn;
      case Resource.Device _, OtherDevice _, DeviceAddress _, DeviceSysctl _ ->
          throw new IllegalArgumentException(resource + " is not of this stage");
    };
  }

  private void change(Resource resource, Optional<Resource> found, List<Change> in) {
    if (found.isEmpty()) {
      in.add(new Change.Add(resource));
    } else if (!serves(resource, in) && !resource.satisfiedBy(found.get())) {
      if (onlinkOverOther(resource, found.get())) {
        in.add(new Change.Delete(found.get()));
        in.add(new Change.Add(resource));
      } else {
        in.add(new Change.Replace(resource, found.get()));
      }
    }
  }

  /**
   * Several objects under one key: all but the first are deleted, before a replace, which answers
   * EEXIST if a later one is what is wanted. While nothing may be deleted such a later one serves.
   */
  private boolean serves(Resource resource, List<Change> in) {
    List<Resource> others = surplus.getOrDefault(resource.key(), List.of());
    if (!limits.mayDelete()) {
      return others.contains(resource);
    }
    others.stream().filter(EntryPlan::deletable).map(Change.Delete::new).forEach(in::add);
    return false;
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
    actual.forEach((key, resource) -> {
      if (!wanted.has(key) && deletable(resource) && !keepers.keep(resource)) {
        delete(resource);
      }
    });
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
      case TunnelPeer _ -> peersOut.add(change);
      case Route _ -> routesOut.add(change);
      case Resource.Device _, OtherDevice _, DeviceAddress _, DeviceSysctl _ -> {}
    }
  }
}
