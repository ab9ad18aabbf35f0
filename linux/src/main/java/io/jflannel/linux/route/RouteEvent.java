// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/**
 * A change that the kernel announced. {@code portId} is that of the socket which asked for it
 * ({@link RouteSocket#portId()}), or 0 when the kernel did it by itself or does not say (all FDB
 * changes).
 */
public sealed interface RouteEvent {

  record LinkChanged(Link link, int portId) implements RouteEvent {}

  record LinkGone(Link link, int portId) implements RouteEvent {}

  record AddressChanged(LinkAddress address, int portId) implements RouteEvent {}

  record AddressGone(LinkAddress address, int portId) implements RouteEvent {}

  record RouteChanged(Route route, int portId) implements RouteEvent {}

  record RouteGone(Route route, int portId) implements RouteEvent {}

  record NeighbourChanged(Neighbour neighbour, int portId) implements RouteEvent {}

  record NeighbourGone(Neighbour neighbour, int portId) implements RouteEvent {}

  record FdbChanged(FdbEntry entry, int portId) implements RouteEvent {}

  record FdbGone(FdbEntry entry, int portId) implements RouteEvent {}

  record NexthopChanged(Nexthop nexthop, int portId) implements RouteEvent {}

  record NexthopGone(Nexthop nexthop, int portId) implements RouteEvent {}

  /** Events were lost: read everything again. */
  record Overflow() implements RouteEvent {}
}
