// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import java.util.ArrayList;
import java.util.List;

/**
 * What one look at the rules found, to be added to; in the words of {@link TrafficReport}.
 *
 * @param blocking problems because of which the node does not work as the operator asked
 * @param problems other problems
 * @param notes about rules of others
 * @param undone those of the problems that others have made in between: worth the same again soon
 */
record Findings(
    List<String> blocking, List<String> problems, List<String> notes, List<String> undone) {

  Findings() {
    this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  }

  boolean areUndone() {
    return undone.size() == blocking.size() + problems.size();
  }

  boolean areNone() {
    return blocking.isEmpty() && problems.isEmpty();
  }
}
