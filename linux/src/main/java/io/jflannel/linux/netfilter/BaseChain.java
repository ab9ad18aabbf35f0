// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

/**
 * How packets come into a chain that is not only jumped to.
 *
 * @param type {@code filter}, {@code nat} or {@code route}
 * @param hook NF_INET_*: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting
 * @param priority lower comes first
 */
public record BaseChain(String type, int hook, int priority, Policy policy) {

  /** What happens to a packet that no rule decided about. */
  public enum Policy {
    ACCEPT,
    DROP
  }
}
