// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.RouteSocket;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Names and indexes of devices, asked for once and valid until {@link #forget}: a device that is
 * re-created gets a new index.
 */
final class LinkNames {

  private static final int ABSENT = 0;

  private final RouteSocket socket;
  private final Map<String, Integer> indexes = new HashMap<>();
  private final Map<Integer, String> names = new HashMap<>();

  LinkNames(RouteSocket socket) {
    this.socket = socket;
  }

  void forget() {
    indexes.clear();
    names.clear();
  }

  /** Empty if there is no such device. */
  Optional<Integer> index(String name) {
    Integer known = indexes.get(name);
    if (known == null) {
      known = socket.link(name).map(this::noted).map(Link::index).orElse(ABSENT);
      indexes.put(name, known);
    }
    return known == ABSENT ? Optional.empty() : Optional.of(known);
  }

  /** {@code if7} for one that is gone meanwhile. */
  String name(int index) {
    String known = names.get(index);
    if (known != null) {
      return known;
    }
    return socket.link(index).map(this::noted).map(Link::name).orElse("if" + index);
  }

  Link noted(Link link) {
    indexes.put(link.name(), link.index());
    names.put(link.index(), link.name());
    return link;
  }
}
