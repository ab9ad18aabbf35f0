// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.util.Optional;

/**
 * A forwarding database entry of a device itself (struct ndmsg with AF_BRIDGE): on a vxlan device,
 * the remote end behind a MAC address.
 *
 * @param linkIndex the device
 * @param mac the key; all zero for the default entry
 * @param remote outer destination (vxlan)
 * @param state NUD_*; {@link Neighbour#PERMANENT} for entries made by hand
 * @param flags NTF_*; {@link #SELF} for a device's own table
 */
public record FdbEntry(int linkIndex, MacAddress mac, Optional<Ip> remote, int state, int flags) {

  /** NTF_SELF: the device's own table. Without it the kernel looks for a bridge (EOPNOTSUPP). */
  public static final int SELF = 0x02;

  /** NTF_EXT_LEARNED: entered by a control plane. */
  public static final int EXT_LEARNED = 0x10;

  /** A permanent entry of the device's own table. */
  public static FdbEntry permanent(int linkIndex, MacAddress mac, Ip remote) {
    return new FdbEntry(linkIndex, mac, Optional.of(remote), Neighbour.PERMANENT, SELF);
  }

  public boolean permanent() {
    return (state & Neighbour.PERMANENT) != 0;
  }
}
