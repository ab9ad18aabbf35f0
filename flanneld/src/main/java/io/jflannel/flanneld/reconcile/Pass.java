// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.state.NexthopObjects;
import io.jflannel.flanneld.state.Plan;
import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * One pass: devices, then what lives on them; each read, planned, applied. Between batches it looks
 * whether it is still wanted: interrupted, it ends; outdated, it leaves the rest to the next one.
 */
final class Pass {

  /** What failed may succeed once the rest is done; what fails alone is left to a later pass. */
  private static final int ROUNDS = 3;

  private static final int CHUNK = 10 * 240;

  private final Target target;
  private final Plan.Limits limits;
  private final NexthopObjects policy;
  private final BooleanSupplier outdated;
  private final List<Change> done = new ArrayList<>();
  private final List<Failure> failures = new ArrayList<>();
  private final List<Change> left = new ArrayList<>();
  private boolean cutShort;
  private Wanted wanted;
  private State entries = State.empty();

  Pass(
      Target target,
      Plan.Limits limits,
      NexthopObjects policy,
      Wanted wanted,
      BooleanSupplier outdated) {
    this.target = target;
    this.limits = limits;
    this.policy = policy;
    this.wanted = wanted;
    this.outdated = outdated;
  }

  /**
   * What a pass did.
   *
   * @param wanted what it worked towards, adapted to what it found
   * @param entries stage 2 of that, as it was at last
   * @param done changes that were made
   * @param failures changes that the kernel refused at last
   * @param left what was not tried because a newer view ended it
   * @param cutShort whether a newer view ended it
   */
  record Result(
      Wanted wanted,
      State entries,
      List<Change> done,
      List<Failure> failures,
      List<Change> left,
      boolean cutShort) {}

  /**
   * Runs it.
   *
   * @throws io.jflannel.linux.LinuxException if the kernel cannot be read, or did not answer
   */
  Result run() throws InterruptedException {
    settle(Stage.DEVICES);
    settle(Stage.ENTRIES);
    return new Result(wanted, entries, done, failures, left, cutShort);
  }

  private void settle(Stage stage) throws InterruptedException {
    List<Failure> refused = List.of();
    for (int round = 0; round < ROUNDS && !cutShort; round++) {
      State actual = target.read(stage, limits.ownership());
      List<Change> plan = Plan.between(stage, goal(stage, actual), actual, limits);
      refused = apply(plan);
      if (refused.isEmpty() || refused.size() == plan.size()) {
        break;
      }
    }
    failures.addAll(refused);
  }

  private State goal(Stage stage, State actual) {
    return switch (stage) {
      case DEVICES -> wanted.devices();
      case ENTRIES -> {
        wanted = wanted.adaptedTo(actual, policy);
        entries = wanted.entriesNow(actual, limits.ownership().contested());
        yield entries;
      }
    };
  }

  private List<Failure> apply(List<Change> plan) throws InterruptedException {
    List<Failure> refused = new ArrayList<>();
    for (int from = 0; from < plan.size() && !cutShort; from += CHUNK) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      List<Change> chunk = plan.subList(from, Math.min(plan.size(), from + CHUNK));
      List<Failure> failed = target.apply(chunk);
      note(chunk, failed);
      refused.addAll(failed);
      if (from + CHUNK < plan.size() && outdated.getAsBoolean()) {
        cutShort = true;
        left.addAll(plan.subList(from + CHUNK, plan.size()));
      }
    }
    return refused;
  }

  private void note(List<Change> chunk, List<Failure> failed) {
    if (failed.isEmpty()) {
      done.addAll(chunk);
      return;
    }
    Set<Change> without = new HashSet<>();
    failed.forEach(failure -> without.add(failure.change()));
    chunk.stream().filter(change -> !without.contains(change)).forEach(done::add);
  }
}
