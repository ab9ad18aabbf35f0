// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.MacAddress;
import java.util.Optional;

/**
 * A network device (struct ifinfomsg, linux/if_link.h).
 *
 * @param index unique in its namespace, never zero
 * @param name 1 to 15 bytes
 * @param kind IFLA_INFO_KIND: {@code "vxlan"}, {@code "bridge"}, …; empty for hardware and loopback
 * @param flags IFF_* of linux/if.h
 * @param mtu bytes
 * @param mac empty on devices without a 6-byte address
 * @param master index of the bridge or bond it belongs to, or 0
 * @param vxlan present exactly on vxlan devices
 */
public record Link(
    int index,
    String name,
    String kind,
    int flags,
    int mtu,
    Optional<MacAddress> mac,
    int master,
    Optional<Vxlan> vxlan) {

  /** IFF_UP: administratively up. */
  public static final int UP = 0x1;

  /** IFF_BROADCAST. */
  public static final int BROADCAST = 0x2;

  /** IFF_LOOPBACK. */
  public static final int LOOPBACK = 0x8;

  /** IFF_POINTOPOINT. */
  public static final int POINT_TO_POINT = 0x10;

  /** IFF_RUNNING: up and with carrier. */
  public static final int RUNNING = 0x40;

  /** IFF_MULTICAST. */
  public static final int MULTICAST = 0x1000;

  /** The longest name the kernel accepts, in bytes (IFNAMSIZ - 1). */
  public static final int MAX_NAME = 15;

  public boolean up() {
    return (flags & UP) != 0;
  }

  public boolean running() {
    return (flags & RUNNING) != 0;
  }

  public boolean loopback() {
    return (flags & LOOPBACK) != 0;
  }
}
