// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.traffic.Part;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How an attempt to get one family's rules as wanted went.
 *
 * @param written the parts that had to be written
 * @param transactions of nf_tables that this took, at least
 * @param problems of the parts that are not as wanted
 * @param notes what an operator should know about rules that are not ours
 */
record Outcome(
    List<Part> written,
    int transactions,
    Map<Part, FirewallException> problems,
    List<String> notes) {

  /** Nothing was to be done. */
  static final Outcome NOTHING = new Outcome(List.of(), 0, Map.of(), List.of());

  Outcome {
    written = List.copyOf(written);
    problems = Map.copyOf(problems);
    notes = List.copyOf(notes);
  }

  /** Without a program nobody has made rules that would have to go. */
  Outcome withoutMissing(Set<Part> unwanted) {
    Map<Part, FirewallException> left = new EnumMap<>(Part.class);
    problems.forEach((part, problem) -> {
      if (!unwanted.contains(part) || !problem.isMissing()) {
        left.put(part, problem);
      }
    });
    return new Outcome(written, transactions, left, notes);
  }

  static Outcome failed(Iterable<Part> parts, FirewallException reason) {
    Map<Part, FirewallException> problems = new EnumMap<>(Part.class);
    parts.forEach(part -> problems.put(part, reason));
    return new Outcome(List.of(), 0, problems, List.of());
  }
}
