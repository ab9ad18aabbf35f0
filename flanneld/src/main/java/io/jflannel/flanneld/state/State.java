// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.flanneld.state.Resource.Stage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A set of resources, at most one for each key.
 *
 * <p>A found state may also hold {@link #surplus()}: further objects under a key that is taken,
 * such as a second IPv4 route to one destination appended by hand. They are never wanted.
 */
public final class State {

  private final Map<Key, Resource> resources;
  private final List<Resource> surplus;

  private State(Map<Key, Resource> resources, List<Resource> surplus) {
    this.resources = resources;
    this.surplus = surplus;
  }

  public static State empty() {
    return of(List.of());
  }

  /** The first resource of a key counts; later ones become surplus. */
  public static State of(Collection<? extends Resource> found) {
    Map<Key, Resource> resources = HashMap.newHashMap(found.size());
    List<Resource> surplus = new ArrayList<>();
    for (Resource resource : found) {
      if (resources.putIfAbsent(resource.key(), resource) != null) {
        surplus.add(resource);
      }
    }
    return new State(resources, surplus);
  }

  /** What {@code stage} handles, surplus included. */
  public State only(Stage stage) {
    Map<Key, Resource> chosen = HashMap.newHashMap(resources.size());
    resources.forEach((key, resource) -> {
      if (resource.stage() == stage) {
        chosen.put(key, resource);
      }
    });
    return new State(
        chosen, surplus.stream().filter(resource -> resource.stage() == stage).toList());
  }

  public Optional<Resource> get(Key key) {
    return Optional.ofNullable(resources.get(key));
  }

  public boolean has(Key key) {
    return resources.containsKey(key);
  }

  /** All but the surplus, in no particular order. */
  public Collection<Resource> all() {
    return Collections.unmodifiableCollection(resources.values());
  }

  /** All but the surplus with their keys, which {@link Resource#key} would make anew. */
  void forEach(BiConsumer<Key, Resource> action) {
    resources.forEach(action);
  }

  public List<Resource> surplus() {
    return Collections.unmodifiableList(surplus);
  }

  public int size() {
    return resources.size();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof State state
        && resources.equals(state.resources)
        && surplus.equals(state.surplus);
  }

  @Override
  public int hashCode() {
    return resources.hashCode();
  }

  @Override
  public String toString() {
    return resources.values() + (surplus.isEmpty() ? "" : " surplus " + surplus);
  }
}
