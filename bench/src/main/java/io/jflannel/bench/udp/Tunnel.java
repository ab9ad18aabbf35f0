// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench.udp;

import java.util.List;

/**
 * A way that has been laid on both nodes of a site.
 *
 * @param subnets of node 1 and 2, all but the last number: {@code 10.5.1}
 * @param mtu for the pods
 * @param processes that move its packets, by number
 */
record Tunnel(List<String> subnets, int mtu, List<Long> processes) {

  Tunnel {
    subnets = List.copyOf(subnets);
    processes = List.copyOf(processes);
  }

  /** The address of pod 2. */
  String target() {
    return subnets.getLast() + ".2";
  }
}
