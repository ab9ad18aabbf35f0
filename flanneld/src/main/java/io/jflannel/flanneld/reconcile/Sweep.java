// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.state.Ownership;
import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Takes away what daemons of some networks have left: a pass towards nothing. What lives on devices
 * goes first, so that a target that only pretends to obey is told the same as one that does.
 */
public final class Sweep {

  /** What failed may succeed once the rest is done. */
  private static final int ROUNDS = 3;

  private final Target target;
  private final Set<Resource> removed = new LinkedHashSet<>();
  private final Set<Resource.Key> ours = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  private Sweep(Target target) {
    this.target = target;
  }

  /**
   * What it did.
   *
   * @param removed in the words of ip(8), sorted; with a device goes what is on it
   * @param problems what is left, and why
   * @param foreign devices named like ours without an address in any of the networks
   */
  public record Report(List<String> removed, List<String> problems, List<String> foreign) {}

  /**
   * Removes what is there of the given flannel networks.
   *
   * @param networks possibly none; then all devices named like ours are foreign
   */
  public static Report of(Target target, Set<Cidr> networks) {
    Sweep sweep = new Sweep(target);
    for (Stage stage : List.of(Stage.ENTRIES, Stage.DEVICES)) {
      networks.forEach(network -> sweep.clear(stage, network));
    }
    return new Report(
        sweep.removed.stream().map(Words::of).sorted().toList(), sweep.problems, sweep.foreign());
  }

  private void clear(Stage stage, Cidr network) {
    var limits = new Plan.Limits(of(network), Set.of(), Plan.Deletion.ALLOWED);
    List<Failure> refused = List.of();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        State found = target.read(stage, limits.ownership());
        found.all().forEach(resource -> ours.add(resource.key()));
        List<Change> plan = Plan.between(stage, State.empty(), found, limits);
        refused = target.apply(plan);
        note(plan, refused);
        if (refused.isEmpty() || refused.size() == plan.size()) {
          break;
        }
      }
      refused.forEach(failure -> problems.add(Words.of(failure)));
    } catch (LinuxException e) {
      problems.add("what is left of %s cannot be told: %s".formatted(network, e.getMessage()));
    }
  }

  private void note(List<Change> plan, List<Failure> refused) {
    Set<Resource> left = new LinkedHashSet<>();
    refused.forEach(failure -> left.add(failure.change().resource()));
    plan.stream().map(Change::resource).filter(r -> !left.contains(r)).forEach(removed::add);
  }

  /** No names: a device is ours by its address. */
  private static Ownership of(Cidr network) {
    return of(List.of(network));
  }

  private static Ownership of(List<Cidr> one) {
    return new Ownership(of(Family.V4, one), of(Family.V6, one), Set.of(), Set.of());
  }

  private static Optional<Cidr> of(Family family, List<Cidr> networks) {
    return networks.stream().filter(network -> network.family() == family).findFirst();
  }

  private List<String> foreign() {
    Ownership everything = of(List.of(Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0")));
    try {
      return target.read(Stage.DEVICES, everything).all().stream()
          .filter(device -> !ours.contains(device.key()))
          .map(Words::of)
          .sorted()
          .toList();
    } catch (LinuxException e) {
      return List.of(); // told for the networks
    }
  }
}
