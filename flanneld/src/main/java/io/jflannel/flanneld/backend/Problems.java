// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.backend;

import io.jflannel.flanneld.lease.Lease;
import io.jflannel.net.Family;

/** Why a peer cannot be served: the words that several backends share. */
final class Problems {

  private Problems() {}

  /** The comparison is exact, as upstream's is (backends.md 1.5). */
  static String otherBackend(Lease peer, String ours) {
    return "its backend type is \""
        + peer.attributes().backendType()
        + "\", this node's is \""
        + ours
        + "\"";
  }

  static String noPublicIp(Family family) {
    return "it has an " + family + " subnet, but publishes no " + family + " address";
  }
}
