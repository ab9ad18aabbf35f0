// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.netlink.MessageReader;
import java.util.function.Consumer;

/** Turns multicast messages into events; asks the filter before attributes are read. */
final class EventDecoder {

  private final EventFilter filter;
  private final CurrentHeader header = new CurrentHeader();

  EventDecoder(EventFilter filter) {
    this.filter = filter;
  }

  void decode(MessageReader in, Consumer<RouteEvent> sink) {
    if (header.read(in) && filter.wants(header)) {
      switch (header.group) {
        case LINK -> link(in, sink);
        case ADDRESS -> address(in, sink);
        case ROUTE -> route(in, sink);
        case NEIGHBOUR -> neighbour(in, sink);
        case NEXTHOP -> nexthop(in, sink);
      }
    }
  }

  private void link(MessageReader in, Consumer<RouteEvent> sink) {
    int port = header.portId;
    boolean gone = header.gone;
    LinkMessages.decode(
        in,
        link ->
            sink.accept(
                gone
                    ? new RouteEvent.LinkGone(link, port)
                    : new RouteEvent.LinkChanged(link, port)));
  }

  private void address(MessageReader in, Consumer<RouteEvent> sink) {
    int port = header.portId;
    boolean gone = header.gone;
    AddressMessages.decode(
        in,
        address ->
            sink.accept(
                gone
                    ? new RouteEvent.AddressGone(address, port)
                    : new RouteEvent.AddressChanged(address, port)));
  }

  private void route(MessageReader in, Consumer<RouteEvent> sink) {
    int port = header.portId;
    boolean gone = header.gone;
    RouteMessages.decode(
        in,
        route ->
            sink.accept(
                gone
                    ? new RouteEvent.RouteGone(route, port)
                    : new RouteEvent.RouteChanged(route, port)));
  }

  private void neighbour(MessageReader in, Consumer<RouteEvent> sink) {
    int port = header.portId;
    boolean gone = header.gone;
    NeighbourMessages.decode(
        in,
        entry ->
            sink.accept(
                gone
                    ? new RouteEvent.NeighbourGone(entry, port)
                    : new RouteEvent.NeighbourChanged(entry, port)));
    NeighbourMessages.decodeFdb(
        in,
        entry ->
            sink.accept(
                gone
                    ? new RouteEvent.FdbGone(entry, port)
                    : new RouteEvent.FdbChanged(entry, port)));
  }

  private void nexthop(MessageReader in, Consumer<RouteEvent> sink) {
    int port = header.portId;
    boolean gone = header.gone;
    NexthopMessages.decode(
        in,
        nexthop ->
            sink.accept(
                gone
                    ? new RouteEvent.NexthopGone(nexthop, port)
                    : new RouteEvent.NexthopChanged(nexthop, port)));
  }

  /** The header of the message being decoded; one object for all. */
  private static final class CurrentHeader implements EventFilter.Header {

    private EventGroup group = EventGroup.LINK;
    private boolean gone;
    private int linkIndex;
    private int family;
    private int table;
    private int protocol;
    private int portId;

    /** False for messages that are no events. */
    boolean read(MessageReader in) {
      linkIndex = 0;
      table = 0;
      protocol = 0;
      portId = in.portId();
      int type = in.type();
      switch (type) {
        case LinkMessages.NEWLINK, LinkMessages.DELLINK -> {
          group = EventGroup.LINK;
          in.requireHeader(8);
          linkIndex = in.u32(4);
        }
        case AddressMessages.NEWADDR, AddressMessages.DELADDR -> {
          group = EventGroup.ADDRESS;
          in.requireHeader(8);
          linkIndex = in.u32(4);
        }
        case NeighbourMessages.NEWNEIGH, NeighbourMessages.DELNEIGH -> {
          group = EventGroup.NEIGHBOUR;
          in.requireHeader(8);
          linkIndex = in.u32(4);
        }
        case RouteMessages.NEWROUTE, RouteMessages.DELROUTE -> {
          group = EventGroup.ROUTE;
          in.requireHeader(8);
          table = in.u8(4);
          protocol = in.u8(5);
        }
        case NexthopMessages.NEWNEXTHOP, NexthopMessages.DELNEXTHOP -> {
          group = EventGroup.NEXTHOP;
          in.requireHeader(8);
          protocol = in.u8(2);
        }
        default -> {
          return false;
        }
      }
      family = in.u8(0);
      gone = (type & 1) == 1; // RTM_DEL* are odd
      return true;
    }

    @Override
    public EventGroup group() {
      return group;
    }

    @Override
    public boolean gone() {
      return gone;
    }

    @Override
    public int linkIndex() {
      return linkIndex;
    }

    @Override
    public int family() {
      return family;
    }

    @Override
    public int table() {
      return table;
    }

    @Override
    public int protocol() {
      return protocol;
    }

    @Override
    public int portId() {
      return portId;
    }
  }
}
