// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.firewall;

import io.jflannel.flanneld.lease.Subnets;
import java.util.ArrayList;
import java.util.List;

/**
 * How the traffic rules are.
 *
 * @param engine what keeps them, for people
 * @param own the subnets that the rules were last brought in line with
 * @param blocking problems because of which the node does not work as the operator asked
 * @param problems other problems
 * @param notes about rules of others
 * @param repairs how often rules were undone by others and put back, since the start
 * @param opponents who keeps doing so; empty if nobody does
 */
public record TrafficReport(
    String engine,
    Subnets own,
    List<String> blocking,
    List<String> problems,
    List<String> notes,
    long repairs,
    List<String> opponents) {

  public TrafficReport {
    blocking = List.copyOf(blocking);
    problems = List.copyOf(problems);
    notes = List.copyOf(notes);
    opponents = List.copyOf(opponents);
  }

  /**
   * Whether containers of these subnets may be started (LIF-1): the rules that the operator asked
   * for are there.
   */
  public boolean allows(Subnets subnets) {
    return blocking.isEmpty() && own.equals(subnets);
  }

  /** The same with one problem more. */
  TrafficReport blockedBy(String problem) {
    List<String> more = new ArrayList<>(blocking);
    more.add(problem);
    return new TrafficReport(engine, own, more, problems, notes, repairs, opponents);
  }

  /** The same with one note more. */
  TrafficReport noted(String note) {
    List<String> more = new ArrayList<>(notes);
    more.add(note);
    return new TrafficReport(engine, own, blocking, problems, more, repairs, opponents);
  }
}
