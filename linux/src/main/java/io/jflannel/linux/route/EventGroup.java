// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/** What {@link RouteEvents} can listen to, with its multicast groups (RTNLGRP_*). */
public enum EventGroup {
  LINK(1, 0),
  /** Addresses of both families. */
  ADDRESS(5, 9),
  /** Routes of both families. */
  ROUTE(7, 11),
  /** Neighbours and FDB entries. */
  NEIGHBOUR(3, 0),
  NEXTHOP(32, 0);

  private final int first;
  private final int second;

  EventGroup(int first, int second) {
    this.first = first;
    this.second = second;
  }

  /** The group, or that of IPv4. */
  int first() {
    return first;
  }

  /** The group of IPv6, or 0. */
  int second() {
    return second;
  }
}
