// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.state.Resource.TunDevice;
import io.jflannel.linux.Errno;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.SystemCalls;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class UdpTunnelsTest {

  /** A kernel that fails as no kernel should, when it is told to. */
  private static final class Failing extends SystemCalls {
    private final AtomicBoolean fails = new AtomicBoolean();

    @Override
    protected int recvmmsg(int socket, NativeMemory memory, int at, int count, int flags) {
      int received = super.recvmmsg(socket, memory, at, count, flags);
      return fails.get() ? -Errno.EFAULT.number() : received;
    }
  }

  private static boolean sendDatagram() throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      InetAddress to = InetAddress.ofLiteral(TwoHosts.address(1).toString());
      socket.send(new DatagramPacket(new byte[1], 1, to, TwoHosts.PORT));
      return true;
    }
  }

  @Test // else packets would wait in a device that nobody reads, and nobody would hear of it
  void aTunnelThatFailsTakesItsDeviceDownAndCanBeMadeAnew() throws Exception {
    Failing calls = new Failing();
    try (TwoHosts hosts = new TwoHosts(1500);
        UdpTunnels tunnels =
            hosts.at(
                1,
                () ->
                    UdpTunnels.claim(
                        calls,
                        TwoHosts.address(1),
                        TwoHosts.PORT,
                        TwoHosts.NETWORK,
                        1472,
                        Optional.of(Datapath.OFFLOAD),
                        Optional.empty()))) {
      hosts.in(1, "ip link set flannel0 up");
      assertThat(tunnels.present()).isPresent();

      calls.fails.set(true);
      hosts.at(2, UdpTunnelsTest::sendDatagram);

      await().until(() -> tunnels.present().isEmpty());
      await().until(() -> !hosts.in(1, "ip link show flannel0").contains("UP"));
      calls.fails.set(false);
      hosts.at(
          1,
          () -> {
            tunnels.open(
                new TunDevice(
                    "flannel0",
                    TwoHosts.address(1),
                    TwoHosts.PORT,
                    TwoHosts.subnet(1),
                    1472,
                    true));
            return true;
          });
      assertThat(tunnels.present()).isPresent();
    }
  }
}
