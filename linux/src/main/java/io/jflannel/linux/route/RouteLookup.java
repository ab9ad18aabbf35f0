// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/** The kernel's answer to "where would a packet to this address go?". */
public sealed interface RouteLookup {

  /** By this route; without gateway it is delivered on {@link Route#linkIndex()} directly. */
  record Found(Route route) implements RouteLookup {}

  /**
   * Nowhere.
   *
   * @param errno ENETUNREACH, EHOSTUNREACH, EACCES (prohibit), EINVAL (blackhole), …
   * @param message the kernel's words, or empty
   */
  record Unreachable(int errno, String message) implements RouteLookup {}
}
