// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.status;

import java.util.List;

/**
 * Whether this node's own things work: lease, device, address, file, watch. Peers that cannot be
 * programmed never count (P36).
 *
 * @param reasons why not, one line each; empty means ready
 */
public record Readiness(List<String> reasons) {
  public Readiness {
    reasons = List.copyOf(reasons);
  }

  public boolean ready() {
    return reasons.isEmpty();
  }
}
