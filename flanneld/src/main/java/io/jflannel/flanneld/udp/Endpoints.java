// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.tun.SystemCalls;
import io.jflannel.linux.tun.TunDevice;
import io.jflannel.linux.tun.TunDevice.Framing;
import io.jflannel.linux.tun.TunDevice.Offload;
import io.jflannel.linux.tun.UdpSocket;
import io.jflannel.linux.tun.UdpSocket.PathMtu;
import io.jflannel.linux.tun.VnetHeader;
import java.util.Optional;

/**
 * The device and the socket of a tunnel, with what the kernel can do for them.
 *
 * @param path the best that was wished for and is possible
 * @param segmentsSent whether one message may be many datagrams
 * @param udpOnTun whether super-packets of UDP may cross the TUN
 * @param fallbacks what the kernel refused
 */
record Endpoints(
    TunDevice device,
    UdpSocket socket,
    Datapath path,
    boolean segmentsSent,
    boolean udpOnTun,
    Fallbacks fallbacks) {

  /** Both ways: what arrives while the threads wait for a processor. */
  private static final int SOCKET_BUFFER = 8 << 20;

  /**
   * Opens both and tries what the kernel can do, from the best that is wished for downwards.
   *
   * @throws LinuxException with nothing left open
   */
  static Endpoints open(SystemCalls calls, TunnelSetup setup) {
    UdpSocket socket = UdpSocket.open(calls, setup.local(), setup.port());
    try {
      socket.buffers(SOCKET_BUFFER);
      return open(calls, setup, socket);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static Endpoints open(SystemCalls calls, TunnelSetup setup, UdpSocket socket) {
    Fallbacks fallbacks = new Fallbacks();
    Datapath wished = setup.datapath().orElse(Datapath.OFFLOAD);
    boolean batches =
        wished != Datapath.SINGLE
            && fallbacks.unless(
                socket::requireBatches, "recvmmsg and sendmmsg", "one datagram per call");
    if (batches && wished == Datapath.OFFLOAD) {
      Optional<Endpoints> offloading = offloading(calls, setup, socket, fallbacks);
      if (offloading.isPresent()) {
        return offloading.get();
      }
    }
    TunDevice device = TunDevice.open(calls, setup.device(), Framing.PLAIN);
    Datapath path = batches ? Datapath.BATCH : Datapath.SINGLE;
    return new Endpoints(device, socket, path, false, false, fallbacks);
  }

  private static Optional<Endpoints> offloading(
      SystemCalls calls, TunnelSetup setup, UdpSocket socket, Fallbacks fallbacks) {
    TunDevice device;
    try {
      device = TunDevice.open(calls, setup.device(), Framing.VNET);
    } catch (LinuxException e) {
      if (!e.is(Errno.EINVAL)) {
        throw e;
      }
      fallbacks.add("IFF_VNET_HDR", "EINVAL", "no super-packets");
      return Optional.empty();
    }
    boolean udp =
        fallbacks.unless(
            () -> device.offload(Offload.CHECKSUM_TCP_UDP),
            "UDP segmentation on the TUN",
            "super-packets of TCP only");
    boolean any =
        udp
            || fallbacks.unless(
                () -> device.offload(Offload.CHECKSUM_TCP), "TUNSETOFFLOAD", "no super-packets");
    if (!any) {
      device.close();
      return Optional.empty();
    }
    boolean segments =
        fallbacks.unless(
            socket::requireSegmentation, "UDP_SEGMENT", "each datagram is sent by itself");
    if (segments) {
      // else segmented messages leave without DF
      socket.pathMtu(PathMtu.DO);
    }
    fallbacks.unless(socket::joinReceived, "UDP_GRO", "each datagram arrives by itself");
    return Optional.of(new Endpoints(device, socket, Datapath.OFFLOAD, segments, udp, fallbacks));
  }

  /** Bytes that stand before a packet on the device. */
  int header() {
    return path == Datapath.OFFLOAD ? VnetHeader.BYTES : 0;
  }

  void close() {
    socket.close();
    device.close();
  }
}
