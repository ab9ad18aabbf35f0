// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * A nexthop object (struct nhmsg, linux/nexthop.h; Linux 5.3). Ids are shared by everyone in the
 * namespace.
 *
 * @param id not zero once it exists; 0 in an add request lets the kernel choose
 * @param kind gateway, group, …
 * @param family empty for groups
 * @param gateway present for a gateway nexthop that is not device-only
 * @param linkIndex output device, or 0
 * @param onlink the gateway is on the link even where no address says so
 * @param protocol who made it, as in {@link Route#protocol()}
 */
public record Nexthop(
    int id,
    Kind kind,
    Optional<Family> family,
    Optional<Ip> gateway,
    int linkIndex,
    boolean onlink,
    int protocol) {

  /** What a nexthop object stands for. */
  public enum Kind {
    /** One gateway or device. */
    SINGLE,
    /** Several nexthops (multipath or resilient). */
    GROUP,
    /** Packets are dropped. */
    BLACKHOLE,
    /** Used by FDB entries, not by routes. */
    FDB
  }

  /** A gateway through a device, with an id that the kernel chooses. */
  public static Nexthop via(Ip gateway, int linkIndex, boolean onlink, int protocol) {
    return new Nexthop(
        0,
        Kind.SINGLE,
        Optional.of(gateway.family()),
        Optional.of(gateway),
        linkIndex,
        onlink,
        protocol);
  }

  public Nexthop withId(int newId) {
    return new Nexthop(newId, kind, family, gateway, linkIndex, onlink, protocol);
  }
}
