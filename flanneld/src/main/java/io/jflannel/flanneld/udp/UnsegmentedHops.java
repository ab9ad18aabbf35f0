// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import java.util.Arrays;

/**
 * Peers towards which the kernel does not cut messages: the way leads through a policy (IPsec) or a
 * device that cannot. One thread's; looking one up creates no object.
 */
final class UnsegmentedHops {

  private int[] sorted = {};

  /**
   * @param hop an IPv4 address, as {@link Sender} takes it
   */
  boolean contains(int hop) {
    return sorted.length > 0 && Arrays.binarySearch(sorted, hop) >= 0;
  }

  void add(int hop) {
    if (!contains(hop)) {
      sorted = Arrays.copyOf(sorted, sorted.length + 1);
      sorted[sorted.length - 1] = hop;
      Arrays.sort(sorted);
    }
  }

  int size() {
    return sorted.length;
  }
}
