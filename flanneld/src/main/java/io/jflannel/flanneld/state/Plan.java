// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The steps from what the kernel holds to what it should hold, in an order that the kernel accepts
 * and that never takes away what traffic still needs: devices first, then nexthops, FDB,
 * neighbours, routes in; then routes, neighbours, FDB, nexthops out.
 */
public final class Plan {

  private Plan() {}

  /**
   * What a plan may take away.
   *
   * @param ownership what is ours
   * @param kept subnets of which nothing is deleted: their keys in the store are unreadable
   * @param deletion whether anything at all may be deleted
   */
  public record Limits(Ownership ownership, Set<Cidr> kept, Deletion deletion) {
    public Limits {
      kept = Set.copyOf(kept);
    }

    boolean mayDelete() {
      return deletion == Deletion.ALLOWED;
    }
  }

  /** Nothing is deleted before a complete view of the leases exists. */
  public enum Deletion {
    ALLOWED,
    FORBIDDEN
  }

  /**
   * The plan. Empty if {@code actual} serves as {@code wanted}. Both states are of one stage, or of
   * all.
   */
  public static List<Change> between(State wanted, State actual, Limits limits) {
    List<Change> changes = new ArrayList<>();
    DevicePlan.add(changes, wanted, actual, limits);
    new EntryPlan(wanted, actual, limits).addTo(changes);
    return changes;
  }
}
