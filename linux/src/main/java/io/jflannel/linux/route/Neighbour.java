// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;

/**
 * An ARP or ND entry (struct ndmsg, linux/neighbour.h).
 *
 * @param linkIndex the device
 * @param ip the neighbour's address
 * @param mac empty while unresolved
 * @param state NUD_*
 * @param flags NTF_*
 */
public record Neighbour(int linkIndex, Ip ip, Optional<MacAddress> mac, int state, int flags) {

  /** NUD_REACHABLE. */
  public static final int REACHABLE = 0x02;

  /** NUD_STALE. */
  public static final int STALE = 0x04;

  /** NUD_FAILED. */
  public static final int FAILED = 0x20;

  /** NUD_NOARP: the kernel's own entries, as for multicast. */
  public static final int NOARP = 0x40;

  /** NUD_PERMANENT: entered by hand, never expires. */
  public static final int PERMANENT = 0x80;

  /** An entry that never expires. */
  public static Neighbour permanent(int linkIndex, Ip ip, MacAddress mac) {
    return new Neighbour(linkIndex, ip, Optional.of(mac), PERMANENT, 0);
  }

  public boolean permanent() {
    return (state & PERMANENT) != 0;
  }
}
