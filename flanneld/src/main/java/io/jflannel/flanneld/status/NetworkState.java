// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import io.jflannel.flanneld.lease.Subnets;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * How far the kernel is what it should be, after the last pass that changed anything of this.
 *
 * @param at when that pass ended
 * @param devicesUp whether the own devices and addresses are as wanted
 * @param settled whether a pass over a complete view of the leases has ended without a problem of
 *     our own things
 * @param problems of the own devices, addresses and settings, for people
 * @param peers what is wrong with peers that are not, or only partly, programmed
 * @param written changes that the pass made
 * @param repairs changes since the start that undid what somebody else had done
 * @param opponents who keeps undoing our state, for people
 */
public record NetworkState(
    Instant at,
    boolean devicesUp,
    boolean settled,
    List<String> problems,
    Map<Subnets, String> peers,
    int written,
    long repairs,
    List<String> opponents) {

  public NetworkState {
    problems = List.copyOf(problems);
    opponents = List.copyOf(opponents);
  }
}
