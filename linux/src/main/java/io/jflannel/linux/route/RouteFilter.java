// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Family;

/**
 * Which routes to list. The kernel filters; 0 means any.
 *
 * @param family the family
 * @param table routing table
 * @param protocol who made the route
 * @param linkIndex output device, also of one of several next hops
 */
public record RouteFilter(Family family, int table, int protocol, int linkIndex) {

  /** Everything in the main table. */
  public static RouteFilter main(Family family) {
    return new RouteFilter(family, Route.MAIN, 0, 0);
  }

  public RouteFilter withProtocol(int newProtocol) {
    return new RouteFilter(family, table, newProtocol, linkIndex);
  }

  public RouteFilter withLink(int newLinkIndex) {
    return new RouteFilter(family, table, protocol, newLinkIndex);
  }
}
