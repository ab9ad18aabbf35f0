// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.net.Cidr;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/**
 * A route (struct rtmsg, linux/rtnetlink.h), as the kernel shows it or as it is asked for.
 *
 * <p>The kernel's key of a route is table, destination, tos and metric.
 *
 * @param destination {@code 0.0.0.0/0} or {@code ::/0} for a default route
 * @param type what happens to the packet
 * @param table {@link #MAIN} or another; up to 32 bits
 * @param protocol who made it: {@link #BOOT}, {@link #KERNEL}, …
 * @param scope {@link #UNIVERSE}, {@link #LINK}, {@link #HOST}; {@link #NOWHERE} in an IPv4 delete
 *     means any
 * @param metric priority; 0 asks for the family's default (0 for IPv4, 1024 for IPv6)
 * @param tos type of service that it is limited to, or 0
 * @param gateway next hop; may be of the other family (RFC 5549)
 * @param linkIndex output device; 0 for none or several, or when the kernel shall find it
 * @param onlink the gateway is on the link even where no address says so
 * @param preferredSource source address for packets of this host
 * @param nexthopId the nexthop object, or 0; the kernel shows its gateway and device too
 * @param multipath several next hops: then gateway and link are empty
 */
public record Route(
    Cidr destination,
    RouteType type,
    int table,
    int protocol,
    int scope,
    int metric,
    int tos,
    Optional<Ip> gateway,
    int linkIndex,
    boolean onlink,
    Optional<Ip> preferredSource,
    int nexthopId,
    boolean multipath) {

  /** RT_TABLE_MAIN. */
  public static final int MAIN = 254;

  /** RT_TABLE_LOCAL. */
  public static final int LOCAL = 255;

  /** RTPROT_UNSPEC: any, in a delete request or a filter. */
  public static final int ANY_PROTOCOL = 0;

  /** RTPROT_KERNEL. */
  public static final int KERNEL = 2;

  /** RTPROT_BOOT: what {@code ip route add} writes. */
  public static final int BOOT = 3;

  /** RTPROT_STATIC. */
  public static final int STATIC = 4;

  /** RT_SCOPE_UNIVERSE. */
  public static final int UNIVERSE = 0;

  /** RT_SCOPE_LINK. */
  public static final int LINK = 253;

  /** RT_SCOPE_HOST. */
  public static final int HOST = 254;

  /** RT_SCOPE_NOWHERE. */
  public static final int NOWHERE = 255;

  /** A unicast route of the main table, protocol boot, scope universe, with nothing else set. */
  public static Route to(Cidr destination) {
    return new Route(
        destination,
        RouteType.UNICAST,
        MAIN,
        BOOT,
        UNIVERSE,
        0,
        0,
        Optional.empty(),
        0,
        false,
        Optional.empty(),
        0,
        false);
  }

  /** {@code destination via gateway}; the kernel finds the device. */
  public static Route via(Cidr destination, Ip gateway) {
    return to(destination).withGateway(gateway);
  }

  /** {@code destination via gateway dev link onlink}. */
  public static Route onlink(Cidr destination, Ip gateway, int linkIndex) {
    return to(destination).withGateway(gateway).withLink(linkIndex).withOnlink(true);
  }

  /** {@code blackhole destination}. */
  public static Route blackhole(Cidr destination) {
    return to(destination).withType(RouteType.BLACKHOLE);
  }

  public Family family() {
    return destination.family();
  }

  public Route withType(RouteType newType) {
    return new Route(
        destination,
        newType,
        table,
        protocol,
        scope,
        metric,
        tos,
        gateway,
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withTable(int newTable) {
    return new Route(
        destination,
        type,
        newTable,
        protocol,
        scope,
        metric,
        tos,
        gateway,
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withProtocol(int newProtocol) {
    return new Route(
        destination,
        type,
        table,
        newProtocol,
        scope,
        metric,
        tos,
        gateway,
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withScope(int newScope) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        newScope,
        metric,
        tos,
        gateway,
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withMetric(int newMetric) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        newMetric,
        tos,
        gateway,
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withGateway(Ip newGateway) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        metric,
        tos,
        Optional.of(newGateway),
        linkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withLink(int newLinkIndex) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        metric,
        tos,
        gateway,
        newLinkIndex,
        onlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withOnlink(boolean newOnlink) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        metric,
        tos,
        gateway,
        linkIndex,
        newOnlink,
        preferredSource,
        nexthopId,
        multipath);
  }

  public Route withPreferredSource(Ip source) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        metric,
        tos,
        gateway,
        linkIndex,
        onlink,
        Optional.of(source),
        nexthopId,
        multipath);
  }

  /** By a nexthop object, which brings gateway, device and onlink: they are dropped here. */
  public Route withNexthop(int id) {
    return new Route(
        destination,
        type,
        table,
        protocol,
        scope,
        metric,
        tos,
        Optional.empty(),
        0,
        false,
        preferredSource,
        id,
        multipath);
  }
}
