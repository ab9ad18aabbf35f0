// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.reconcile;

import io.jflannel.flanneld.state.Resource;
import io.jflannel.flanneld.state.Resource.Device;
import io.jflannel.flanneld.state.Resource.Key;
import io.jflannel.flanneld.state.State;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.flanneld.state.Target.Failure;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the last pass has left, to tell repairs from changes that a new view asks for. Only reports
 * depend on it: what a pass does depends on the view and the kernel alone.
 *
 * @param open keys of what could not be done, or was left to the next pass
 * @param swept whether a pass was allowed to delete, so that nothing unwanted was left
 */
record Memory(State devices, State entries, Set<Key> open, boolean swept) {

  static final Memory NONE = new Memory(State.empty(), State.empty(), Set.of(), false);

  static Memory of(Pass.Result result, boolean swept) {
    Set<Key> open = new HashSet<>();
    for (Failure failure : result.failures()) {
      open.add(failure.change().resource().key());
    }
    result.left().forEach(change -> open.add(change.resource().key()));
    return new Memory(result.wanted().devices(), result.entries(), open, swept);
  }

  /** Those of {@code result}'s changes that undo what somebody else has done. */
  List<Change> repairs(Pass.Result result) {
    return result.done().stream().filter(change -> isRepair(change, result)).toList();
  }

  private boolean isRepair(Change change, Pass.Result result) {
    Key key = change.resource().key();
    if (open.contains(key)) {
      return false;
    }
    return switch (change) {
      case Change.Add(var wanted) -> was(wanted);
      case Change.Replace(var wanted, var _) -> was(wanted);
      case Change.Delete _ ->
          swept
              && remembered(key).isEmpty()
              && !result.entries().has(key)
              && !result.wanted().devices().has(key);
    };
  }

  private boolean was(Resource wanted) {
    Resource whole = wanted instanceof Device device ? device.withUp(true) : wanted;
    return remembered(wanted.key()).equals(Optional.of(whole));
  }

  private Optional<Resource> remembered(Key key) {
    Optional<Resource> device = devices.get(key);
    return device.isPresent() ? device : entries.get(key);
  }
}
