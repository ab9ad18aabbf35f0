// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

/** Decides by a message's header alone whether it is worth decoding. */
@FunctionalInterface
public interface EventFilter {

  /** Lets everything through. */
  EventFilter ALL = header -> true;

  /**
   * Whether to decode the message.
   *
   * @param header valid only during the call
   */
  boolean wants(Header header);

  /** What is known of a message before its attributes are read. */
  interface Header {

    EventGroup group();

    /** Whether something went away. */
    boolean gone();

    /** The device; 0 for routes and nexthops, whose device is an attribute. */
    int linkIndex();

    /** AF_INET 2, AF_INET6 10, AF_BRIDGE 7 (FDB), AF_UNSPEC 0 (links). */
    int family();

    /** The low 8 bits of a route's table; 0 for anything else. */
    int table();

    /** Who made a route or nexthop; 0 for anything else. */
    int protocol();

    /** As in {@link RouteEvent}. */
    int portId();
  }
}
