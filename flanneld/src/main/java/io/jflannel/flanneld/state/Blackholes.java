// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Route;
import io.jflannel.flanneld.state.Resource.Via.Blackhole;
import io.jflannel.flanneld.state.Resource.Via.Foreign;
import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code --ip-blackhole-route} (backends.md 15): packets to addresses of the own subnet that nobody
 * has are dropped. Any other route for that prefix serves them, and would be hidden by ours: the
 * kernel keeps the older one first (B17).
 */
public final class Blackholes {

  private Blackholes() {}

  /**
   * {@code wanted} without blackholes where {@code actual} has somebody else's route.
   *
   * @param contested where blackholes can be wanted
   */
  public static State givingWay(State wanted, State actual, Set<Cidr> contested) {
    Set<Cidr> blackholes = new HashSet<>();
    for (Cidr destination : contested) {
      if (wanted.get(new Resource.Key.RouteTo(destination)).filter(Blackholes::ours).isPresent()
          && routedByOthers(actual, destination)) {
        blackholes.add(destination);
      }
    }
    if (blackholes.isEmpty()) {
      return wanted;
    }
    List<Resource> left = new ArrayList<>(wanted.all());
    left.removeIf(r -> r instanceof Route(var destination, _) && blackholes.contains(destination));
    return State.of(left);
  }

  private static boolean ours(Resource wanted) {
    return wanted instanceof Route(_, Blackhole());
  }

  private static boolean routedByOthers(State actual, Cidr destination) {
    return actual.get(new Resource.Key.RouteTo(destination)).filter(Blackholes::foreign).isPresent()
        || actual.surplus().stream()
            .anyMatch(r -> foreign(r) && ((Route) r).destination().equals(destination));
  }

  private static boolean foreign(Resource found) {
    return found instanceof Route(_, Foreign _);
  }
}
