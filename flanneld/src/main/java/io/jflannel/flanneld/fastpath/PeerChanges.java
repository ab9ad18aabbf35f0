// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.net.Cidr;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The difference between two contents of the map of peers. */
record PeerChanges(Map<Cidr, FastPeer> put, Set<Cidr> remove) {

  static PeerChanges between(Map<Cidr, FastPeer> wanted, Map<Cidr, FastPeer> found) {
    Map<Cidr, FastPeer> put = new HashMap<>();
    wanted.forEach((subnet, peer) -> {
      if (!peer.equals(found.get(subnet))) {
        put.put(subnet, peer);
      }
    });
    Set<Cidr> remove = new HashSet<>(found.keySet());
    remove.removeAll(wanted.keySet());
    return new PeerChanges(put, remove);
  }
}
