// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The difference between two contents of the map of peers. */
record PeerChanges(Map<Cidr, Ip> put, Set<Cidr> remove) {

  static PeerChanges between(Map<Cidr, Ip> wanted, Map<Cidr, Ip> found) {
    Map<Cidr, Ip> put = new HashMap<>();
    wanted.forEach((subnet, host) -> {
      if (!host.equals(found.get(subnet))) {
        put.put(subnet, host);
      }
    });
    Set<Cidr> remove = new HashSet<>(found.keySet());
    remove.removeAll(wanted.keySet());
    return new PeerChanges(put, remove);
  }
}
