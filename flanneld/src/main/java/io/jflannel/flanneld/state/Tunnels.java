// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.state;

import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Map;
import java.util.Optional;

/** The user-space end of a TUN device, of which there is at most one. */
public interface Tunnels {

  /** Where no backend has one. */
  Tunnels NONE = new NoTunnels();

  /**
   * Who has a subnet.
   *
   * @param kernel whether packets may pass by the kernel alone, on both ends
   */
  record Peer(Ip host, boolean kernel) {}

  /**
   * A tunnel that runs.
   *
   * @param whole whether it has all that it shall have; {@link #open} makes it so
   * @param peers subnets and the hosts that have them
   */
  record Open(
      String device, Ip local, int port, Cidr subnet, boolean whole, Map<Cidr, Peer> peers) {
    public Open {
      peers = Map.copyOf(peers);
    }
  }

  /** The one that runs; empty also if others have deleted its device. */
  Optional<Open> present();

  /**
   * Makes the device with a tunnel behind it, or changes those that are there.
   *
   * @throws io.jflannel.linux.LinuxException EBUSY if another process has that device; EADDRINUSE
   *     if one has the port
   */
  void open(TunDevice wanted);

  /** Who has which subnet from now on. */
  void forward(Map<Cidr, Peer> peers);

  /** Ends the tunnel, and with it the device. */
  void close();
}
