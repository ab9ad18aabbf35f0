// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backend.Desired;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.state.Blackholes;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import java.util.Map;
import java.util.Set;

/**
 * What a view wants, computed once: most passes are over a view that was seen before.
 *
 * @param devices stage 1
 * @param entries stage 2, before it is adapted to what the kernel has
 * @param routes how many IPv4 routes there are on each link
 * @param links on which IPv4 routes go through nexthop objects
 * @param adapted {@code entries} with those objects
 */
record Wanted(
    Basis basis,
    Desired desired,
    State devices,
    State entries,
    Map<String, Integer> routes,
    Set<String> links,
    State adapted) {

  /**
   * Everything that the wanted state is a function of.
   *
   * @param view of it the peers alone count
   */
  record Basis(ExternalInterface external, Lease own, Underlay underlay, StoreView view) {

    boolean sameAs(Basis other) {
      return view.peers().equals(other.view.peers())
          && underlay.equals(other.underlay)
          && external.equals(other.external)
          && own.equals(other.own);
    }
  }

  static Wanted of(Backend backend, Basis basis) {
    Desired desired =
        backend.desired(basis.external(), basis.own(), basis.underlay(), basis.view());
    State entries = desired.state().only(Stage.ENTRIES);
    State devices = desired.state().only(Stage.DEVICES);
    return new Wanted(
        basis, desired, devices, entries, NexthopObjects.routes(entries), Set.of(), entries);
  }

  /** The same, adapted to what stage 2 has found. */
  Wanted adaptedTo(State actual, NexthopObjects policy) {
    Set<String> chosen = policy.links(routes, actual);
    return chosen.equals(links)
        ? this
        : new Wanted(
            basis,
            desired,
            devices,
            entries,
            routes,
            chosen,
            NexthopObjects.through(chosen, entries));
  }

  /** Stage 2 as it shall be now. */
  State entriesNow(State actual, Set<Cidr> contested) {
    return Blackholes.givingWay(adapted, actual, contested);
  }
}
