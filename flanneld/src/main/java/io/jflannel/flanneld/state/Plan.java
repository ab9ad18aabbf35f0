// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.Stage;
import io.jflannel.flanneld.state.Target.Change;
import io.jflannel.net.Cidr;
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
   * The plan for one stage, of which alone both states are. Empty if {@code actual} serves as
   * {@code wanted}.
   */
  public static List<Change> between(Stage stage, State wanted, State actual, Limits limits) {
    return switch (stage) {
      case DEVICES -> DevicePlan.between(wanted, actual, limits);
      case ENTRIES -> new EntryPlan(wanted, actual, limits).changes();
    };
  }
}
