// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.route;

import io.jflannel.linux.DumpInterruptedException;
import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.MalformedMessageException;
import io.jflannel.linux.RepliesLostException;
import io.jflannel.linux.netlink.Conversation;
import io.jflannel.linux.netlink.NetlinkSocket;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads and changes the network configuration of one namespace: that of the thread which opens it.
 *
 * <p><b>Not thread-safe:</b> one thread owns a socket, a platform thread, as the calls block in
 * native code.
 *
 * <p>Every method may throw {@link RepliesLostException} (what was asked for may have happened:
 * read again), {@link MalformedMessageException} and {@link LinuxException}; lists also {@link
 * DumpInterruptedException}. The socket stays usable after each of them.
 */
public final class RouteSocket implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int RECEIVE_BUFFER = 1 << 20;

  private final Conversation kernel;

  private RouteSocket(Conversation kernel) {
    this.kernel = kernel;
  }

  /** In the calling thread's namespace. Reading needs no privilege. */
  public static RouteSocket open() {
    return open(RECEIVE_BUFFER);
  }

  static RouteSocket open(int receiveBuffer) {
    return new RouteSocket(
        new Conversation(NetlinkSocket.open(NetlinkSocket.ROUTE, receiveBuffer, PATIENCE)));
  }

  /** Marks this socket's changes in {@link RouteEvent}s. */
  public int portId() {
    return kernel.portId();
  }

  /**
   * Executes all requests in order, in batches of at most 240; one that fails does not stop the
   * others.
   *
   * @return those that failed, in order; empty if all succeeded
   * @throws RepliesLostException if it is unknown which were executed
   */
  public List<Failure> execute(List<? extends Request> requests) {
    List<Failure> failures = new ArrayList<>();
    List<Request> all = List.copyOf(requests);
    kernel.execute(
        all,
        Requests::encode,
        (index, errno, message) ->
            failures.add(new Failure(index, all.get(index), errno, message)));
    return failures;
  }

  /**
   * Executes one request.
   *
   * @throws LinuxException if the kernel refuses it
   */
  public void execute(Request request) {
    for (Failure failure : execute(List.of(request))) {
      throw new LinuxException(request.toString(), failure.errno(), failure.message());
    }
  }

  public List<Link> links() {
    return links("");
  }

  /** Devices of one kind, as {@code "vxlan"}. */
  public List<Link> links(String kind) {
    List<Link> links = kernel.dump("list links", kind, LinkMessages::list, LinkMessages::decode);
    if (!kind.isEmpty()) { // the kernel does not filter by a kind that it has no module for
      links.removeIf(link -> !link.kind().equals(kind));
    }
    return links;
  }

  public Optional<Link> link(int index) {
    return found(
        "link " + index,
        kernel.query(List.of(index), LinkMessages::get, LinkMessages::decode).getFirst());
  }

  /** By name or alternative name. */
  public Optional<Link> link(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length == 0 || length > Link.MAX_NAME) {
      return Optional.empty();
    }
    return found(
        "link " + name,
        kernel.query(List.of(name), LinkMessages::get, LinkMessages::decode).getFirst());
  }

  private static <T> Optional<T> found(String operation, Conversation.Answer<T> answer) {
    if (answer.errno() != 0 && !Errno.ENODEV.is(answer.errno())) {
      throw new LinuxException(operation, answer.errno(), answer.message());
    }
    return answer.value();
  }

  /** Of all devices and both families. */
  public List<LinkAddress> addresses() {
    return addresses(0);
  }

  /** Of one device; none if it does not exist. */
  public List<LinkAddress> addresses(int linkIndex) {
    List<LinkAddress> addresses =
        noneIfAbsent(() ->
            kernel.dump(
                "list addresses", linkIndex, AddressMessages::list, AddressMessages::decode));
    if (linkIndex != 0) { // kernels before 4.20 do not filter
      addresses.removeIf(address -> address.linkIndex() != linkIndex);
    }
    return addresses;
  }

  /** None if the table or the device does not exist. */
  public List<Route> routes(RouteFilter filter) {
    List<Route> routes =
        noneIfAbsent(
            () -> kernel.dump("list routes", filter, RouteMessages::list, RouteMessages::decode));
    routes.removeIf(route -> !matches(filter, route));
    return routes;
  }

  /** Again, for kernels before 4.20 and for IPv6 switched off, which lists the other family. */
  private static boolean matches(RouteFilter filter, Route route) {
    return route.family() == filter.family()
        && (filter.table() == 0 || filter.table() == route.table())
        && (filter.protocol() == 0 || filter.protocol() == route.protocol())
        && (filter.linkIndex() == 0
            || filter.linkIndex() == route.linkIndex()
            || route.multipath());
  }

  /**
   * Of one device, in any state; {@code linkIndex} 0 means all. None if the device does not exist.
   */
  public List<Neighbour> neighbours(int linkIndex, Family family) {
    List<Neighbour> neighbours =
        kernel.dump(
            "list neighbours",
            linkIndex,
            (index, out, sequence) -> NeighbourMessages.list(index, family, out, sequence),
            NeighbourMessages::decode);
    neighbours.removeIf(
        entry -> entry.ip().family() != family || linkIndex != 0 && entry.linkIndex() != linkIndex);
    return neighbours;
  }

  /** The FDB of one device; none if it does not exist. */
  public List<FdbEntry> fdb(int linkIndex) {
    List<FdbEntry> entries =
        noneIfAbsent(() ->
            kernel.dump(
                "list FDB", linkIndex, NeighbourMessages::listFdb, NeighbourMessages::decodeFdb));
    entries.removeIf(entry -> entry.linkIndex() != linkIndex);
    return entries;
  }

  /**
   * Nexthop objects.
   *
   * @param linkIndex output device, or 0 for all
   * @param protocol who made them, or 0 for all
   */
  public List<Nexthop> nexthops(int linkIndex, int protocol) {
    List<Nexthop> nexthops =
        noneIfAbsent(() ->
            kernel.dump(
                "list nexthops", linkIndex, NexthopMessages::list, NexthopMessages::decode));
    nexthops.removeIf(nexthop -> protocol != 0 && nexthop.protocol() != protocol);
    return nexthops;
  }

  /** ENODEV and ENOENT: what was filtered by does not exist, so there is nothing to list. */
  private static <T> List<T> noneIfAbsent(Listing<T> listing) {
    try {
      return listing.list();
    } catch (LinuxException e) {
      if (e.is(Errno.ENODEV) || e.is(Errno.ENOENT)) {
        return new ArrayList<>();
      }
      throw e;
    }
  }

  @FunctionalInterface
  private interface Listing<T> {
    List<T> list();
  }

  /**
   * The route that a packet of this host to {@code destination} would take. The kernel answers with
   * a /32 or /128 and the table it found it in.
   *
   * @throws LinuxException ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL: there is none
   */
  public Route routeTo(Ip destination) {
    return switch (routesTo(List.of(destination)).getFirst()) {
      case RouteLookup.Found(Route route, _) -> route;
      case RouteLookup.Unreachable(int errno, String message) ->
          throw new LinuxException("route to " + destination, errno, message);
    };
  }

  /** {@link #routeTo} for many: one answer per address, in order. */
  public List<RouteLookup> routesTo(List<Ip> destinations) {
    return kernel.query(destinations, RouteMessages::lookUp, RouteMessages::decodeLookup).stream()
        .map(RouteSocket::lookup)
        .toList();
  }

  private static RouteLookup lookup(Conversation.Answer<RouteLookup.Found> answer) {
    if (answer.value().isPresent()) {
      return answer.value().get();
    }
    if (answer.errno() == 0) {
      throw new MalformedMessageException("a route that answers no question");
    }
    return new RouteLookup.Unreachable(answer.errno(), answer.message());
  }

  @Override
  public void close() {
    kernel.close();
  }
}
