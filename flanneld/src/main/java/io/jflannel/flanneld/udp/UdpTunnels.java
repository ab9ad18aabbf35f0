// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tunnel of the backend udp, made anew when others have deleted its device. It is made before
 * anything else, so that its name is known and nobody takes it. Thread-safe.
 */
public final class UdpTunnels implements Tunnels, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(UdpTunnels.class.getName());
  private static final String TEMPLATE = "flannel%d";

  private final Tunnel.Totals totals = new Tunnel.Totals();

  /** As the one that runs was opened, or the last one. */
  private TunnelSetup setup;

  private Optional<Tunnel> tunnel = Optional.empty();
  private ForwardingTable table = ForwardingTable.EMPTY;
  private Ip source;

  /**
   * How the tunnel is.
   *
   * @param fallbacks what the kernel refused
   */
  public record Report(
      String device, Datapath datapath, List<String> fallbacks, Counters counters) {}

  private UdpTunnels(TunnelSetup setup) {
    this.setup = setup;
    source = setup.local();
    run(setup);
  }

  /**
   * Makes the device {@code flannel0}, or that of the next number that is free, in the calling
   * thread's network namespace.
   *
   * @param local where datagrams are received and sent
   * @param datapath empty: the best there is
   * @throws io.jflannel.linux.LinuxException EADDRINUSE if somebody has the port; ENOENT without
   *     /dev/net/tun; EPERM without CAP_NET_ADMIN
   */
  public static UdpTunnels claim(Ip local, int port, Cidr network, Optional<Datapath> datapath) {
    return new UdpTunnels(new TunnelSetup(TEMPLATE, local, port, network, datapath));
  }

  private void run(TunnelSetup wanted) {
    Tunnel opened = Tunnel.open(wanted, totals, UdpTunnels::lost);
    setup = opened.setup();
    tunnel = Optional.of(opened);
    opened.forward(table);
    opened.answerFrom(source);
    LOG.log(
        Level.INFO,
        "UDP tunnel {0} on {1} port {2}: data path {3}{4}",
        setup.device(),
        setup.local(),
        Integer.toString(setup.port()),
        opened.datapath(),
        opened.fallbacks().isEmpty() ? "" : "; " + String.join("; ", opened.fallbacks()));
  }

  private static void lost() {
    LOG.log(Level.WARNING, "The TUN device was deleted; making it anew");
  }

  /** Of the device, the same as long as this lives. */
  public synchronized String device() {
    return setup.device();
  }

  @Override
  public synchronized Optional<Open> present() {
    return running()
        .map(_ -> new Open(setup.device(), setup.local(), setup.port(), source, table.hops()));
  }

  private Optional<Tunnel> running() {
    return tunnel.filter(runs -> !runs.isLost());
  }

  @Override
  public synchronized void open(TunDevice wanted) {
    source = wanted.source();
    if (running().isPresent()
        && setup.local().equals(wanted.local())
        && setup.port() == wanted.port()) {
      running().get().answerFrom(source);
    } else {
      close();
      run(setup.at(wanted.local(), wanted.port()));
    }
  }

  @Override
  public synchronized void forward(Map<Cidr, Ip> peers) {
    table = ForwardingTable.of(peers);
    tunnel.ifPresent(runs -> runs.forward(table));
  }

  /** What has been carried so far; empty while no tunnel runs. */
  public synchronized Optional<Report> report() {
    return running()
        .map(runs -> new Report(setup.device(), runs.datapath(), runs.fallbacks(), totals.now()));
  }

  @Override
  public synchronized void close() {
    tunnel.ifPresent(Tunnel::close);
    tunnel = Optional.empty();
  }
}
