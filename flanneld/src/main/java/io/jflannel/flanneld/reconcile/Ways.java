// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.flanneld.state.Underlay.Reach;
import io.jflannel.net.Ip;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Remembers how peers are reached, and asks only for what is new unless something has changed. */
final class Ways {

  private final Surroundings surroundings;
  private Underlay known = Underlay.UNASKED;

  Ways(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /**
   * How the addresses are reached.
   *
   * @param own names of our tunnel devices: a way through them is not direct
   */
  Underlay to(Set<Ip> addresses, Set<String> own, Freshness freshness) {
    if (addresses.isEmpty()) {
      known = Underlay.UNASKED;
      return known;
    }
    Map<Ip, Reach> reaches = HashMap.newHashMap(addresses.size());
    List<Ip> unknown = new ArrayList<>();
    for (Ip address : addresses) {
      Reach reach = freshness == Freshness.KNOWN_SERVES ? known.reaches().get(address) : null;
      if (reach == null) {
        unknown.add(address);
      } else {
        reaches.put(address, reach);
      }
    }
    List<Reach> answers = unknown.isEmpty() ? List.of() : surroundings.reach(unknown);
    for (int i = 0; i < unknown.size(); i++) {
      Reach answer = answers.get(i);
      reaches.put(
          unknown.get(i),
          answer instanceof Reach.Direct(var link, var mtu) && own.contains(link)
              ? new Reach.Gatewayed(link, mtu)
              : answer);
    }
    if (!reaches.equals(known.reaches())) {
      known = new Underlay(reaches);
    }
    return known;
  }

  /** Whether earlier answers still count. */
  enum Freshness {
    KNOWN_SERVES,
    ASK_AGAIN
  }
}
