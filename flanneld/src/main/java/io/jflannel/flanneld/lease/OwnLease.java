// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lease;

import java.time.Instant;
import java.util.Optional;

/** The state of this node's own lease. */
public sealed interface OwnLease {

  /** None yet, or none any more and trying to get one. */
  record Waiting(String reason) implements OwnLease {}

  /**
   * The lease is ours.
   *
   * @param expires when it ends unless renewed; absent for a reservation (ETC-12)
   * @param warning why readiness is withdrawn although traffic goes on: two hosts publish one
   *     address (P19), or the subnet changed under running containers; absent if all is well
   */
  record Held(Lease lease, Optional<Instant> expires, Optional<String> warning)
      implements OwnLease {}
}
