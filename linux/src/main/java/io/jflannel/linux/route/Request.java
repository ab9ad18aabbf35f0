// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.NetworkNamespace;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A change that rtnetlink can be asked for; see {@link RouteSocket#execute}. */
public sealed interface Request {

  /** A change of a device. */
  sealed interface OfLink extends Request {}

  /** A change of an address, route, nexthop, neighbour or FDB entry. */
  sealed interface OfEntry extends Request {}

  /**
   * Creates a vxlan device, down. EEXIST if the name, or VNI, port and family together, are taken.
   *
   * @param mtu bytes; 0 or less leaves it to the kernel, which also limits it to parent - 50 or 70
   * @param mac empty lets the kernel choose
   */
  record AddVxlan(String name, int mtu, Optional<MacAddress> mac, Vxlan vxlan) implements OfLink {
    public AddVxlan {
      checkName(name);
    }
  }

  /**
   * Creates a pair of connected devices, both down.
   *
   * @param peerNamespace where the other end shall live; empty for this namespace
   */
  record AddVeth(String name, String peerName, Optional<NetworkNamespace> peerNamespace)
      implements OfLink {
    public AddVeth {
      checkName(name);
      checkName(peerName);
    }
  }

  /**
   * Creates a bridge, down.
   *
   * @param multicastSnooping the kernel's default is on, which delays IPv6 for seconds
   */
  record AddBridge(String name, boolean multicastSnooping) implements OfLink {
    public AddBridge {
      checkName(name);
    }
  }

  /** Deletes a device with all that hangs on it. ENODEV if absent. */
  record DeleteLink(int index) implements OfLink {}

  /** Sets a device up or down. Down loses its routes, but keeps permanent neighbours and FDB. */
  record SetLinkUp(int index, boolean up) implements OfLink {}

  /** Sets the MTU in bytes. */
  record SetLinkMtu(int index, int mtu) implements OfLink {}

  /** Sets the MAC address. The kernel drops the device's permanent neighbours, but not its FDB. */
  record SetLinkMac(int index, MacAddress mac) implements OfLink {}

  /** Puts a device into a bridge, or out of it with master 0. */
  record SetLinkMaster(int index, int master) implements OfLink {}

  /** Renames a device. */
  record RenameLink(int index, String name) implements OfLink {
    public RenameLink {
      checkName(name);
    }
  }

  /** Moves a device into another namespace; it loses its addresses and may change its index. */
  record MoveLink(int index, NetworkNamespace to) implements OfLink {}

  /**
   * Changes a vxlan device in place; only what is present is sent, as the kernel refuses every
   * attribute that cannot change, even with its present value.
   *
   * @param local same family as before
   * @param ttl 0 = chosen by the kernel
   */
  record ChangeVxlan(
      int index, Optional<Ip> local, Optional<Boolean> learning, Optional<Integer> ttl)
      implements OfLink {}

  /** Adds an address. EEXIST if present. */
  record AddAddress(LinkAddress address) implements OfEntry {}

  /** Adds an address or changes the flags of the one that is there. */
  record ReplaceAddress(LinkAddress address) implements OfEntry {}

  /** Deletes an address. EADDRNOTAVAIL if absent. */
  record DeleteAddress(LinkAddress address) implements OfEntry {}

  /** Adds a route. EEXIST if table, destination, tos and metric are taken. */
  record AddRoute(Route route) implements OfEntry {}

  /** Adds a route or replaces the first one of the same key. */
  record ReplaceRoute(Route route) implements OfEntry {}

  /**
   * Deletes the first route that matches all that is named: protocol 0, type {@link
   * RouteType#UNSPECIFIED}, no gateway, link 0 and metric 0 each match any; IPv4 compares the scope
   * unless it is {@link Route#NOWHERE}. A route with a nexthop object matches only if neither
   * gateway nor link is named. ESRCH if none matches.
   */
  record DeleteRoute(Route route) implements OfEntry {}

  /** Adds a nexthop object; with id 0 the kernel chooses one. EEXIST if the id is taken. */
  record AddNexthop(Nexthop nexthop) implements OfEntry {}

  /** Deletes a nexthop object and with it all routes that use it. ENOENT if absent. */
  record DeleteNexthop(int id) implements OfEntry {}

  /** Adds or overwrites a neighbour. */
  record PutNeighbour(Neighbour neighbour) implements OfEntry {}

  /** Deletes a neighbour by link and address. ENOENT if absent. */
  record DeleteNeighbour(Neighbour neighbour) implements OfEntry {}

  /** Adds or overwrites an FDB entry. */
  record PutFdb(FdbEntry entry) implements OfEntry {}

  /**
   * Deletes an FDB entry. ENOENT if the MAC is absent; with another remote than the present one the
   * kernel reports success and deletes nothing.
   */
  record DeleteFdb(FdbEntry entry) implements OfEntry {}

  private static void checkName(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length == 0 || length > Link.MAX_NAME || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "a device name has 1 to " + Link.MAX_NAME + " bytes: \"" + name + "\"");
    }
  }
}
