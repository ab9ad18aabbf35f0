// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/** The kernel's answer to "where would a packet to this address go?". */
public sealed interface RouteLookup {

  /**
   * By this route; without gateway it is delivered on {@link Route#linkIndex()} directly.
   *
   * @param mtu of the path, where it is known to be another than the link's: by the route, or by
   *     what a router has answered of late (RFC 1191); else 0
   */
  record Found(Route route, int mtu) implements RouteLookup {}

  /**
   * Nowhere.
   *
   * @param errno ENETUNREACH, EHOSTUNREACH, EACCES (prohibit), EINVAL (blackhole), …
   * @param message the kernel's words, or empty
   */
  record Unreachable(int errno, String message) implements RouteLookup {}
}
