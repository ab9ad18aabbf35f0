// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.flanneld.fastpath.FastPath;
import io.jflannel.flanneld.fastpath.FastPathCounters;
import io.jflannel.flanneld.fastpath.FastPathSetup;
import io.jflannel.flanneld.fastpath.FastPeer;
import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.linux.Errno;
import io.jflannel.linux.IpsecPolicies;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.route.Request;
import io.jflannel.linux.route.RouteSocket;
import io.jflannel.linux.tun.SystemCalls;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The tunnel of the backend udp, made anew when others have deleted its device. It is made before
 * anything else, so that its name is known and nobody takes it. Thread-safe.
 */
public final class UdpTunnels implements Tunnels, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(UdpTunnels.class.getName());
  private static final String TEMPLATE = "flannel%d";

  private final SystemCalls calls;

  /** As the one that runs was opened, or the last one. */
  private TunnelSetup setup;

  private Optional<Tunnel> tunnel = Optional.empty();
  private TunnelCounters counters = TunnelCounters.ZERO;
  private Map<Cidr, Peer> peers = Map.of();

  /** Where the kernel shall wrap and unwrap datagrams itself; empty if it shall not. */
  private Optional<String> underlay;

  private Optional<FastPath> fast = Optional.empty();

  /** Whether there were IPsec policies, which what the kernel wraps would pass by. */
  private boolean secured;

  /**
   * How the tunnel is.
   *
   * @param kernel what the kernel has carried itself; empty if it does not
   */
  public record Report(
      String device,
      DatapathInUse datapath,
      TunnelCounters counters,
      Optional<FastPathCounters> kernel) {}

  private UdpTunnels(SystemCalls calls, TunnelSetup setup, Optional<String> underlay) {
    this.calls = calls;
    this.setup = setup;
    this.underlay = underlay;
    run(setup);
    try {
      demandUnsecured(underlay);
      attach();
    } catch (LinuxException e) {
      LOG.log(Level.WARNING, "The kernel does not carry packets itself: {0}", e.getMessage());
      this.underlay = Optional.empty();
    }
  }

  private static void demandUnsecured(Optional<String> underlay) {
    if (underlay.isPresent() && IpsecPolicies.any()) {
      throw new LinuxException(
          "attach the eBPF fast path to " + underlay.get(),
          Errno.EOPNOTSUPP.number(),
          "it would pass by the IPsec policies of this host, use another --udp-datapath");
    }
  }

  /**
   * Makes the device {@code flannel0}, or that of the next number that is free, in the calling
   * thread's network namespace.
   *
   * @param local where datagrams are received and sent
   * @param mtu that the device will have
   * @param datapath empty: the best there is
   * @param underlay the interface where the kernel shall wrap and unwrap datagrams itself, between
   *     nodes that both do; if it cannot, that is logged. Empty: it shall not
   * @throws LinuxException EADDRINUSE if somebody has the port; ENOENT without /dev/net/tun; EPERM
   *     without CAP_NET_ADMIN
   */
  public static UdpTunnels claim(
      Ip local,
      int port,
      Cidr network,
      int mtu,
      Optional<Datapath> datapath,
      Optional<String> underlay) {
    return claim(new SystemCalls(), local, port, network, mtu, datapath, underlay);
  }

  static UdpTunnels claim(
      SystemCalls calls,
      Ip local,
      int port,
      Cidr network,
      int mtu,
      Optional<Datapath> datapath,
      Optional<String> underlay) {
    // which subnet is ours is not known yet; until then there are no peers, and nothing passes
    return new UdpTunnels(
        calls, new TunnelSetup(TEMPLATE, local, port, network, network, mtu, datapath), underlay);
  }

  private void run(TunnelSetup wanted) {
    Tunnel opened = Tunnel.open(calls, wanted, counters);
    if (!wanted.device().equals(TEMPLATE) && !wanted.device().equals(opened.device())) {
      opened.close();
      throw new LinuxException(
          "make TUN device " + wanted.device(), Errno.EBUSY.number(), "another process has it");
    }
    setup = wanted.named(opened.device());
    tunnel = Optional.of(opened);
    opened.forward(table(peers));
    opened.onLost(() -> lost(opened));
    opened.start();
    LOG.log(
        Level.INFO,
        "UDP tunnel {0} on {1} port {2}: data path {3}",
        setup.device(),
        setup.local(),
        Integer.toString(setup.port()),
        opened.datapath());
  }

  private static void lost(Tunnel tunnel) {
    if (tunnel.failure().isEmpty()) {
      LOG.log(Level.WARNING, "The TUN device was deleted; making it anew");
      return;
    }
    LOG.log(
        Level.ERROR,
        "UDP tunnel %s has failed; making it anew".formatted(tunnel.device()),
        tunnel.failure().get());
    takeDown(tunnel.device());
  }

  /** Nobody reads it any more: packets shall not wait in it, and the kernel tells who listens. */
  private static void takeDown(String device) {
    try (RouteSocket socket = RouteSocket.open()) {
      socket.execute(new Request.SetLinkUp(index(socket, device), false));
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "{0} is not taken down: {1}", device, e.getMessage());
    }
  }

  /** Of the device, the same as long as this lives. */
  public synchronized String device() {
    return setup.device();
  }

  @Override
  public synchronized Optional<Open> present() {
    return live()
        .map(_ ->
            new Open(
                setup.device(),
                setup.local(),
                setup.port(),
                setup.subnet(),
                !needsFastPath(),
                peers));
  }

  private Optional<Tunnel> live() {
    return tunnel.filter(runs -> !runs.lost());
  }

  /** Peers may send what only the kernel can take. */
  private boolean needsFastPath() {
    return underlay.isPresent()
        && (fast.filter(FastPath::attached).isEmpty() || secured != IpsecPolicies.any());
  }

  @Override
  public synchronized void open(TunDevice wanted) {
    boolean sameSubnet = wanted.subnet().equals(setup.subnet());
    TunnelSetup next = setup.with(wanted.local(), wanted.port(), wanted.subnet(), wanted.mtu());
    if (live().isEmpty() || !next.equals(setup.owning(next.subnet()))) {
      close();
      run(next);
    } else {
      setup = next;
      tunnel.ifPresent(runs -> runs.own(next.subnet()));
    }
    if (!sameSubnet || needsFastPath()) {
      attach();
    }
  }

  @Override
  public synchronized void forward(Map<Cidr, Peer> newPeers) {
    Map<Cidr, Peer> wanted = Map.copyOf(newPeers);
    tunnel.ifPresent(runs -> runs.forward(table(wanted)));
    fast.ifPresent(path -> path.peers(fastPeers(wanted)));
    peers = wanted; // present from now on; if the kernel's map was full it is tried again
  }

  private static ForwardingTable table(Map<Cidr, Peer> peers) {
    Map<Cidr, Ip> hosts = new HashMap<>();
    peers.forEach((subnet, peer) -> hosts.put(subnet, peer.host()));
    return ForwardingTable.of(hosts);
  }

  private Map<Cidr, FastPeer> fastPeers(Map<Cidr, Peer> peers) {
    Map<Cidr, FastPeer> all = new HashMap<>();
    peers.forEach(
        (subnet, peer) -> all.put(subnet, new FastPeer(peer.host(), peer.kernel() && !secured)));
    return all;
  }

  /** Whether the kernel unwraps what other nodes' kernels have wrapped. */
  public synchronized boolean unwrapsInKernel() {
    return underlay.isPresent();
  }

  /** In place of what was attached to devices that may be gone. */
  private void attach() {
    if (underlay.isEmpty()) {
      return;
    }
    Optional<FastPath> old = fast;
    fast = Optional.empty();
    secured = IpsecPolicies.any();
    if (secured) {
      LOG.log(Level.WARNING, "There are IPsec policies: the kernel does not wrap packets itself");
    }
    try (RouteSocket socket = RouteSocket.open()) {
      FastPath attached =
          FastPath.attach(
              new FastPathSetup(
                  index(socket, setup.device()),
                  index(socket, underlay.get()),
                  setup.local(),
                  setup.port(),
                  setup.network(),
                  setup.subnet(),
                  setup.mtu()));
      fast = Optional.of(attached);
      attached.peers(fastPeers(peers));
    } finally {
      old.ifPresent(FastPath::close);
    }
  }

  private static int index(RouteSocket socket, String name) {
    return socket
        .link(name)
        .orElseThrow(() -> new LinuxException("find " + name, Errno.ENODEV.number(), ""))
        .index();
  }

  /** What has been carried so far; empty while no tunnel runs. */
  public synchronized Optional<Report> report() {
    return live()
        .map(runs ->
            new Report(
                setup.device(), runs.datapath(), runs.counters(), fast.map(FastPath::counters)));
  }

  @Override
  public synchronized void close() {
    fast.ifPresent(FastPath::close);
    fast = Optional.empty();
    tunnel.ifPresent(runs -> {
      runs.close();
      counters = runs.counters();
    });
    tunnel = Optional.empty();
  }
}
