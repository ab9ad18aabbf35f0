// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.tun.SystemCalls;
import io.jflannel.linux.tun.TunDevice;
import io.jflannel.linux.tun.UdpSocket;
import java.util.List;

/**
 * The device and the socket of a tunnel, with what the kernel can do for them.
 *
 * @param path the best that was wished for and is possible
 * @param fallbacks what the kernel refused, as in {@link DatapathInUse}
 */
record Endpoints(TunDevice device, UdpSocket socket, Datapath path, List<String> fallbacks) {

  /** Both ways: what arrives while the threads wait for a processor. */
  private static final int SOCKET_BUFFER = 8 << 20;

  /**
   * Opens both.
   *
   * @throws LinuxException with nothing left open
   */
  static Endpoints open(SystemCalls calls, TunnelSetup setup) {
    UdpSocket socket = UdpSocket.open(calls, setup.local(), setup.port());
    try {
      socket.buffers(SOCKET_BUFFER);
      TunDevice device = TunDevice.open(calls, setup.device(), TunDevice.Framing.PLAIN);
      return new Endpoints(device, socket, Datapath.SINGLE, List.of());
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }
}
