// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import io.jflannel.flanneld.backend.Backend;
import io.jflannel.flanneld.backend.Backends;
import io.jflannel.flanneld.backend.UdpConfig;
import io.jflannel.flanneld.config.Options;
import io.jflannel.flanneld.state.ExternalInterface;
import io.jflannel.flanneld.state.Tunnels;
import io.jflannel.flanneld.udp.Datapath;
import io.jflannel.flanneld.udp.UdpTunnels;
import io.jflannel.linux.LinuxException;
import io.jflannel.net.Family;
import io.jflannel.net.Ip;
import java.util.Optional;

/** The tunnel of the backend udp, if that is the one. */
final class Tunnelling implements AutoCloseable {

  private final OptimisedJvm jvm;
  private final Optional<Datapath> datapath;
  private final boolean ebpf;
  private Optional<UdpTunnels> tunnels = Optional.empty();

  Tunnelling(Options.UdpDatapath asked, OptimisedJvm jvm) {
    this.jvm = jvm;
    ebpf = asked == Options.UdpDatapath.EBPF;
    datapath =
        switch (asked) {
          case AUTO, EBPF -> Optional.empty();
          case OFFLOAD -> Optional.of(Datapath.OFFLOAD);
          case BATCH -> Optional.of(Datapath.BATCH);
          case SINGLE -> Optional.of(Datapath.SINGLE);
        };
  }

  /**
   * Makes the tunnel; answers its device's name.
   *
   * @throws StartException if that cannot be, with what to do
   */
  String device(UdpConfig config, ExternalInterface external) {
    jvm.demand();
    Ip local =
        external
            .address(Family.V4)
            .orElseThrow(
                () -> new StartException("there is no IPv4 address on " + external.name()));
    try {
      UdpTunnels made =
          UdpTunnels.claim(
              local,
              config.port(),
              config.network(),
              config.deviceMtu(external),
              datapath,
              ebpf ? Optional.of(external.name()) : Optional.empty());
      tunnels = Optional.of(made);
      return made.device();
    } catch (LinuxException e) {
      throw new StartException(
          "The backend udp cannot make its tunnel: %s (it needs /dev/net/tun, CAP_NET_ADMIN, and UDP port %d of %s for itself)"
              .formatted(e.getMessage(), config.port(), local));
    }
  }

  /** The backend as it is with this tunnel. */
  Backend with(Backend backend) {
    return tunnels.filter(UdpTunnels::unwrapsInKernel).isPresent()
        ? Backends.withKernelDecap(backend)
        : backend;
  }

  /** For the kernel's part. */
  Tunnels tunnels() {
    return tunnels.<Tunnels>map(made -> made).orElse(Tunnels.NONE);
  }

  /** How it is. */
  Optional<UdpTunnels.Report> report() {
    return tunnels.flatMap(UdpTunnels::report);
  }

  @Override
  public void close() {
    tunnels.ifPresent(UdpTunnels::close);
  }
}
