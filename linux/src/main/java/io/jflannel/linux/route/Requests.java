// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import static io.jflannel.linux.netlink.Netlink.CREATE;
import static io.jflannel.linux.netlink.Netlink.EXCL;
import static io.jflannel.linux.netlink.Netlink.REPLACE;

import io.jflannel.linux.netlink.MessageWriter;

/** Requests as messages. */
final class Requests {

  private Requests() {}

  static void encode(Request request, MessageWriter out, int sequence) {
    switch (request) {
      case Request.OfLink link -> LinkMessages.encode(link, out, sequence);
      case Request.OfEntry entry -> encode(entry, out, sequence);
    }
  }

  private static void encode(Request.OfEntry request, MessageWriter out, int sequence) {
    switch (request) {
      case Request.AddRoute(Route route) ->
          RouteMessages.encode(route, RouteMessages.NEWROUTE, CREATE | EXCL, out, sequence);
      case Request.ReplaceRoute(Route route) ->
          RouteMessages.encode(route, RouteMessages.NEWROUTE, CREATE | REPLACE, out, sequence);
      case Request.DeleteRoute(Route route) ->
          RouteMessages.encode(route, RouteMessages.DELROUTE, 0, out, sequence);
      case Request.PutNeighbour(Neighbour neighbour) ->
          NeighbourMessages.put(neighbour, out, sequence);
      case Request.DeleteNeighbour(Neighbour neighbour) ->
          NeighbourMessages.delete(neighbour, out, sequence);
      case Request.PutFdb(FdbEntry entry) -> NeighbourMessages.put(entry, out, sequence);
      case Request.DeleteFdb(FdbEntry entry) -> NeighbourMessages.delete(entry, out, sequence);
      case Request.AddNexthop(Nexthop nexthop) -> NexthopMessages.add(nexthop, out, sequence);
      case Request.DeleteNexthop(int id) -> NexthopMessages.delete(id, out, sequence);
      case Request.AddAddress(LinkAddress address) ->
          AddressMessages.encode(address, AddressMessages.NEWADDR, CREATE | EXCL, out, sequence);
      case Request.ReplaceAddress(LinkAddress address) ->
          AddressMessages.encode(address, AddressMessages.NEWADDR, CREATE | REPLACE, out, sequence);
      case Request.DeleteAddress(LinkAddress address) ->
          AddressMessages.encode(address, AddressMessages.DELADDR, 0, out, sequence);
    }
  }
}
