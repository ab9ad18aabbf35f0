// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * The vxlan attributes of a device that exists or is wanted (IFLA_VXLAN_* of linux/if_link.h, RFC
 * 7348).
 *
 * @param vni 0 to 2^24 - 1; larger ones are refused by the kernel (ERANGE)
 * @param parentIndex the device packets leave by, or 0
 * @param local source address of the outer packets; decides the family
 * @param group multicast group or default remote
 * @param port UDP destination port; 0 in a wanted device leaves it to the kernel (8472)
 * @param learning learn remote addresses from packets
 * @param proxy answer ARP and ND from the neighbour table
 * @param rsc route short circuit
 * @param l2miss notify of unknown MAC addresses
 * @param l3miss notify of unknown IP addresses
 * @param gbp group based policy extension
 * @param external metadata of each packet decides ("collect metadata")
 * @param ttl 0 = chosen by the kernel
 * @param tos 0 = none, 1 = inherit
 */
public record Vxlan(
    int vni,
    int parentIndex,
    Optional<Ip> local,
    Optional<Ip> group,
    int port,
    boolean learning,
    boolean proxy,
    boolean rsc,
    boolean l2miss,
    boolean l3miss,
    boolean gbp,
    boolean external,
    int ttl,
    int tos) {

  /** A point-to-multipoint tunnel end whose peers are entered by hand: all switches off. */
  public static Vxlan of(int vni, int parentIndex, Ip local, int port) {
    return new Vxlan(
        vni,
        parentIndex,
        Optional.of(local),
        Optional.empty(),
        port,
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        0,
        0);
  }

  public Vxlan withLearning(boolean on) {
    return new Vxlan(
        vni,
        parentIndex,
        local,
        group,
        port,
        on,
        proxy,
        rsc,
        l2miss,
        l3miss,
        gbp,
        external,
        ttl,
        tos);
  }

  public Vxlan withGbp(boolean on) {
    return new Vxlan(
        vni,
        parentIndex,
        local,
        group,
        port,
        learning,
        proxy,
        rsc,
        l2miss,
        l3miss,
        on,
        external,
        ttl,
        tos);
  }
}
