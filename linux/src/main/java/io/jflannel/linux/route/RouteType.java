// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/** RTN_* of linux/rtnetlink.h: what happens to a packet that a route matches. */
public enum RouteType {
  /** In a delete request: any type. */
  UNSPECIFIED(0),
  UNICAST(1),
  LOCAL(2),
  BROADCAST(3),
  ANYCAST(4),
  MULTICAST(5),
  BLACKHOLE(6),
  UNREACHABLE(7),
  PROHIBIT(8),
  THROW(9),
  NAT(10),
  XRESOLVE(11);

  private static final RouteType[] VALUES = values();

  private final int number;

  RouteType(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /** The type of a number; {@link #UNSPECIFIED} for one that linux/rtnetlink.h does not have. */
  static RouteType of(int number) {
    for (RouteType type : VALUES) {
      if (type.number == number) {
        return type;
      }
    }
    return UNSPECIFIED;
  }
}
