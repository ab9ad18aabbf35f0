// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.net.Family;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a pass found and did.
 *
 * @param number of the pass, from 1
 * @param at when it ended
 * @param settled whether a pass over a complete view has ended without a problem of our own things;
 *     stays true
 * @param own what containers may use once the pass was without own problems; empty if the kernel
 *     could not be asked
 * @param families the families in use
 * @param ownProblems of our own devices, addresses and settings, by family; empty lists are left
 *     out
 * @param problems of everything else that is our own: the external interface, the kernel
 * @param wanted how many peers the view has
 * @param peers what is wrong with peers that are not, or only partly, programmed
 * @param puts objects that were added or changed
 * @param deletes objects that were deleted
 * @param repairs changes since the start that undid what others had done
 * @param totals of all passes since the start
 * @param opponents kinds of objects that others keep changing
 */
public record PassReport(
    long number,
    Instant at,
    boolean settled,
    Optional<Own> own,
    Set<Family> families,
    Map<Family, List<String>> ownProblems,
    List<String> problems,
    int wanted,
    Map<Subnets, String> peers,
    int puts,
    int deletes,
    long repairs,
    Duration wall,
    Duration cpu,
    Totals totals,
    List<Opponent> opponents) {

  /**
   * What a pass programmed the node's own things for.
   *
   * @param subnets of the own lease
   * @param mtu of containers, in bytes
   */
  public record Own(Subnets subnets, int mtu) {}

  /**
   * What all passes since the start have cost.
   *
   * @param cpu CPU time of the network thread within passes
   * @param messages netlink messages that changed something, or tried to
   */
  public record Totals(Duration cpu, long messages) {}

  /**
   * Somebody keeps undoing our state.
   *
   * @param what the kind of object
   * @param times repairs of that kind within the last minute or two
   * @param by who it is, for people
   */
  public record Opponent(String what, long times, String by) {
    @Override
    public String toString() {
      return "each " + what + " of ours is undone by " + by + ", repaired " + times + " times";
    }
  }

  /** Whether the family's device, address and settings are as wanted. */
  public boolean ready(Family family) {
    return families.contains(family) && !ownProblems.containsKey(family) && problems.isEmpty();
  }

  /** All problems of our own things, for people. */
  public List<String> allProblems() {
    List<String> all = new ArrayList<>(problems);
    ownProblems.forEach((family, reasons) -> reasons.forEach(r -> all.add(family + ": " + r)));
    return all;
  }
}
