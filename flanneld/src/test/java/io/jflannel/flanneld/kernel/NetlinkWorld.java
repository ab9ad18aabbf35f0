// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.kernel;

import io.jflannel.flanneld.state.Surroundings;
import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.route.Link;
import io.jflannel.linux.route.LinkAddress;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.Route;
import io.jflannel.linux.route.RouteFilter;
import io.jflannel.linux.route.RouteLookup;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.route.RouteType;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import io.jflannel.net.MacAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** The kernel of an anonymous network namespace, which ends with the thread. */
public final class NetlinkWorld implements World {

  private final NetlinkTarget target = NetlinkTarget.open();
  private final RouteSocket others = RouteSocket.open();

  private NetlinkWorld() {
    others.execute(new Request.SetLinkUp(1, true));
  }

  /** What a test does in a world. */
  @FunctionalInterface
  public interface Body {
    void run(World world) throws Exception;
  }

  /** Runs it in a new namespace, on a thread of its own. */
  public static void inNewNamespace(Body body) throws Exception {
    inNewNamespace((_, world) -> body.run(world));
  }

  /** As {@link Body}, told the namespace. */
  @FunctionalInterface
  public interface BodyWithNamespace {
    void run(NetworkNamespace namespace, NetlinkWorld world) throws Exception;
  }

  /** As {@link #inNewNamespace(Body)}; the namespace is for further threads. */
  public static void inNewNamespace(BodyWithNamespace body) throws Exception {
    try (NetworkNamespace namespace = anonymous()) {
      namespace.run(() -> {
        try (NetlinkWorld world = new NetlinkWorld()) {
          body.run(namespace, world);
        }
        return true;
      });
    }
  }

  private static NetworkNamespace anonymous() {
    try {
      return NetworkNamespace.anonymous();
    } catch (io.jflannel.linux.LinuxException e) {
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      System.out.println("SKIPPED: network namespaces need root: " + e.getMessage());
      Assumptions.abort("network namespaces need root: " + e.getMessage());
      throw e;
    }
  }

  @Override
  public NetlinkTarget target() {
    return target;
  }

  @Override
  public Surroundings surroundings() {
    return target.surroundings();
  }

  /** For what the tests ask and do besides. */
  public RouteSocket others() {
    return others;
  }

  private int index(String name) {
    return others.link(name).map(Link::index).orElseThrow();
  }

  @Override
  public void addParent(String name, int mtu, List<Cidr> addresses) {
    String peer = name + "-far"; // a veth: not every kernel has dummy devices
    others.execute(new Request.AddVeth(name, peer, Optional.empty()));
    setMtu(name, mtu);
    setUp(peer, true);
    setUp(name, true);
    addresses.forEach(cidr -> addAddress(name, cidr));
    // the carrier comes asynchronously, and with it what IPv6 needs
    Awaitility.await()
        .pollInSameThread()
        .pollInterval(Duration.ofMillis(2))
        .until(() -> addresses.stream().allMatch(this::reachesBeyond));
  }

  private boolean reachesBeyond(Cidr cidr) {
    return others.routesTo(List.of(cidr.ip().plus(1))).getFirst()
            instanceof RouteLookup.Found(var route, _)
        && route.type() == RouteType.UNICAST;
  }

  @Override
  public void addAddress(String link, Cidr cidr) {
    int flags = cidr.ip().isV4() ? 0 : LinkAddress.NODAD;
    others.execute(
        new Request.AddAddress(new LinkAddress(index(link), cidr, Route.UNIVERSE, flags)));
  }

  @Override
  public void deleteAddress(String link, Cidr cidr) {
    others.execute(new Request.DeleteAddress(LinkAddress.of(index(link), cidr)));
  }

  @Override
  public void addBridge(String name) {
    others.execute(new Request.AddBridge(name, false));
  }

  @Override
  public void deleteLink(String name) {
    others.execute(new Request.DeleteLink(index(name)));
  }

  @Override
  public void setUp(String link, boolean up) {
    others.execute(new Request.SetLinkUp(index(link), up));
  }

  @Override
  public void setMac(String link, MacAddress mac) {
    others.execute(new Request.SetLinkMac(index(link), mac));
  }

  @Override
  public void setMtu(String link, int mtu) {
    others.execute(new Request.SetLinkMtu(index(link), mtu));
  }

  @Override
  public void addForeignRoute(Cidr destination, Ip gateway, int metric) {
    others.execute(
        new Request.AddRoute(
            Route.via(destination, gateway).withProtocol(Route.STATIC).withMetric(metric)));
  }

  @Override
  public void deleteForeignRoute(Cidr destination, Ip gateway, int metric) {
    others.execute(
        new Request.DeleteRoute(
            Route.via(destination, gateway).withProtocol(Route.STATIC).withMetric(metric)));
  }

  @Override
  public int routesTo(Cidr destination) {
    return (int)
        others.routes(RouteFilter.main(destination.family())).stream()
            .filter(route -> route.destination().equals(destination))
            .count();
  }

  @Override
  public void close() {
    others.close();
    target.close();
  }
}
