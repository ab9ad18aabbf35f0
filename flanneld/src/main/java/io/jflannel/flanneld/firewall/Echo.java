// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Tells changes by others from those that we have looked at, or made, ourselves. */
final class Echo {

  private final Eye eye;

  /** The generation in which each was looked at last, right or not. */
  private final Map<Family, Integer> seen = new EnumMap<>(Family.class);

  /** The generation up to which all changes have been looked at, those we made among them. */
  private int looked;

  Echo(Eye eye) {
    this.eye = eye;
  }

  void saw(Family family, int generation) {
    seen.put(family, generation);
  }

  /**
   * Notes that all families were converged. A family's own writes come after another's look, so
   * that the earlier ones are looked at again, which costs no process.
   *
   * @param isUnchanged looks again whether a family is as it was found right
   */
  void settle(Predicate<Family> isUnchanged) {
    Set<Integer> generations = Set.copyOf(seen.values());
    if (generations.size() == 1) { // nobody has written meanwhile
      looked = generations.iterator().next();
      return;
    }
    try {
      int generation = eye.generation();
      if (seen.entrySet().stream()
          .allMatch(last -> last.getValue() == generation || isUnchanged.test(last.getKey()))) {
        looked = generation;
      }
    } catch (LinuxException e) {
      // told when it is converged again
    }
  }

  /** Whether nothing has been changed since: what is heard now is an echo. */
  boolean isSettled() {
    try {
      return eye.generation() == looked;
    } catch (LinuxException e) {
      return false;
    }
  }

  /** Whether a change was made since. */
  boolean isNews(int generation) {
    return generation - looked > 0;
  }
}
