// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.linux.route.Nexthop;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.net.Family;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which id the kernel chose for each of our nexthop objects. Ids are global in the namespace, so
 * they are read back, never assumed.
 */
final class NexthopIds {

  /**
   * Marks our objects (nhm_protocol). The kernel passes numbers above RTPROT_STATIC through
   * (linux/rtnetlink.h); this one is assigned to nobody in iproute2's rt_protos.
   */
  static final int PROTOCOL = 102;

  private final RouteSocket socket;
  private final LinkNames names;
  private final Map<Key.NexthopObject, Integer> ids = new HashMap<>();
  private Set<Integer> foreign = Set.of();

  /** Links of which every object is in {@link #ids}. */
  private final Set<Integer> known = new HashSet<>();

  NexthopIds(RouteSocket socket, LinkNames names) {
    this.socket = socket;
    this.names = names;
  }

  /** Starts a new read: these ids are used by routes of others, such as a second daemon's. */
  void foreign(Set<Integer> usedByOthers) {
    ids.clear();
    known.clear();
    foreign = Set.copyOf(usedByOthers);
  }

  /** Ours on one link. */
  List<Nexthop> read(int link) {
    List<Nexthop> ours =
        socket.nexthops(link, PROTOCOL).stream()
            .filter(nexthop -> nexthop.kind() == Nexthop.Kind.SINGLE)
            .filter(nexthop -> nexthop.family().equals(Optional.of(Family.V4)))
            .filter(nexthop -> nexthop.gateway().isPresent() && !foreign.contains(nexthop.id()))
            .toList();
    ours.forEach(nexthop -> ids.putIfAbsent(key(nexthop), nexthop.id()));
    known.add(link);
    return ours;
  }

  /** Whether an id that is not known may exist nevertheless. */
  boolean mustBeRead(int link) {
    return !known.contains(link);
  }

  /** An object is about to be added there, under an id of the kernel's choice. */
  void adding(int link) {
    known.remove(link);
  }

  private Key.NexthopObject key(Nexthop nexthop) {
    return new Key.NexthopObject(
        names.name(nexthop.linkIndex()), nexthop.gateway().orElseThrow(), nexthop.onlink());
  }

  /** One for each key: a second object of the same content, as a crash can leave it, is idle. */
  List<Resource> resources() {
    return ids.keySet().stream()
        .<Resource>map(key -> new Resource.Nexthop(key.device(), key.gateway(), key.onlink()))
        .toList();
  }

  Optional<Integer> id(Key.NexthopObject key) {
    return Optional.ofNullable(ids.get(key));
  }

  void forget(Key.NexthopObject key) {
    ids.remove(key);
  }
}
