// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.Poller;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.netlink.MessageReader;
import io.jflannel.linux.netlink.NetlinkSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Listens to changes of the network configuration in the namespace of the thread that opens it.
 *
 * <p>{@link #await} belongs to one platform thread; {@link #wake} may be called from any.
 */
public final class RouteEvents implements AutoCloseable {

  private static final int RECEIVE_BUFFER = 4 << 20;
  private static final int READ_BUFFER = 64 << 10;

  /** After so many events {@link #await} hands them out even if more are there. */
  private static final int ENOUGH = 4096;

  private final NetlinkSocket socket;
  private final Poller poller;
  private final EventDecoder decoder;
  private final MessageReader in = new MessageReader(READ_BUFFER);

  private RouteEvents(NetlinkSocket socket, Poller poller, EventFilter filter) {
    this.socket = socket;
    this.poller = poller;
    this.decoder = new EventDecoder(filter);
  }

  /** Listens to all events of the groups. Needs no privilege. */
  public static RouteEvents open(Set<EventGroup> groups) {
    return open(groups, EventFilter.ALL);
  }

  /**
   * Listens to the events of the groups that the filter wants.
   *
   * @throws io.jflannel.linux.LinuxException if the kernel lacks a group (nexthops before 5.3)
   */
  public static RouteEvents open(Set<EventGroup> groups, EventFilter filter) {
    return open(groups, filter, RECEIVE_BUFFER);
  }

  static RouteEvents open(Set<EventGroup> groups, EventFilter filter, int receiveBuffer) {
    NetlinkSocket socket =
        NetlinkSocket.open(NetlinkSocket.ROUTE, receiveBuffer, Duration.ofSeconds(1));
    try {
      for (EventGroup group : groups) {
        socket.join(group.first());
        if (group.second() != 0) {
          socket.join(group.second());
        }
      }
      return new RouteEvents(socket, Poller.of(socket.descriptor()), filter);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Waits for events and returns all that are there. Returns an empty list when the time has
   * passed, when {@link #wake} was called, or when the filter wanted none of what came.
   *
   * <p>When events were lost or cannot be read, the list contains {@link RouteEvent.Overflow}.
   */
  public List<RouteEvent> await(Duration timeout) {
    return switch (poller.await(timeout)) {
      case READABLE -> read();
      case WOKEN, TIMEOUT -> List.of();
    };
  }

  private List<RouteEvent> read() {
    List<RouteEvent> events = new ArrayList<>();
    boolean more = true;
    while (more && events.size() < ENOUGH) {
      try {
        more = socket.receiveNow(in);
        while (more && in.next()) {
          decoder.decode(in, events::add);
        }
      } catch (RepliesLostException | MalformedMessageException e) {
        events.add(new RouteEvent.Overflow());
      }
    }
    return events;
  }

  /** Ends the present or else the next {@link #await}. */
  public void wake() {
    poller.wake();
  }

  /** Call it after the owner thread has left {@link #await}. */
  @Override
  public void close() {
    poller.close();
    socket.close();
  }
}
