// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.backend.Backend.Desired;
import io.jflannel.flanneld.lease.Lease;
import io.jflannel.flanneld.lease.LeaseAttributes;
import io.jflannel.flanneld.lease.OwnLease;
import io.jflannel.flanneld.lease.StoreView;
import io.jflannel.flanneld.lease.Subnets;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Resource.Neighbour;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Underlay;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class MemoryTest {

  private static final Change FIRST = new Change.Add(neighbour("10.5.2.0"));
  private static final Change SECOND = new Change.Add(neighbour("10.5.3.0"));

  private static Neighbour neighbour(String ip) {
    return new Neighbour("flannel.1", Ip.parse(ip), MacAddress.parse("02:00:00:00:00:01"));
  }

  private static Pass.Result result(List<Change> done, List<Change> left) {
    State entries = State.of(List.of(FIRST.resource(), SECOND.resource()));
    return new Pass.Result(wanted(entries), entries, done, List.of(), left, !left.isEmpty());
  }

  private static Wanted wanted(State entries) {
    var external =
        new ExternalInterface(
            "eth0",
            2,
            1500,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    var attributes =
        new LeaseAttributes(
            Optional.empty(), Optional.empty(), "vxlan", Optional.empty(), Optional.empty());
    var own =
        new Lease(
            new Subnets(Optional.of(Cidr.parse("10.5.1.0/24")), Optional.empty()), attributes);
    var view =
        new StoreView(
            new OwnLease.Waiting(""),
            List.of(),
            List.of(),
            Set.of(),
            true,
            new StoreView.Contact(true, Instant.EPOCH, ""),
            Optional.empty());
    return new Wanted(
        new Wanted.Basis(external, own, Underlay.UNASKED, view),
        new Desired(entries, List.of()),
        State.empty(),
        entries,
        Map.of(),
        Set.of(),
        entries);
  }

  @Test
  void whatANewerViewKeptFromBeingDoneIsNoRepairLater() {
    var memory = Memory.of(result(List.of(FIRST), List.of(SECOND)), true);

    assertThat(memory.repairs(result(List.of(SECOND), List.of()))).isEmpty();
  }

  @Test
  void whatWasDoneAndHasToBeDoneAgainIsARepair() {
    var memory = Memory.of(result(List.of(FIRST, SECOND), List.of()), true);

    assertThat(memory.repairs(result(List.of(SECOND), List.of()))).containsExactly(SECOND);
  }
}
