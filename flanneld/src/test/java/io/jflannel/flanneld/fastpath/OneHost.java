// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import io.jflannel.linux.LinuxException;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/**
 * A host of which the test holds all devices, so that it sees each packet and can make any:
 *
 * <pre>
 *  pods (TUN) 10.5.1.0/24 ─ stack ─ flannel0 (TUN) 10.5.0.0/16 ─ fast path ─ eth0 (TAP) 192.0.2.1
 *                                                                            UDP socket, port 8285
 * </pre>
 *
 * <p>Peer 192.0.2.2 has 10.5.2.0/24, peer 192.0.2.3 has 10.5.3.0/24.
 */
final class OneHost implements AutoCloseable {

  static final int MTU = 1472;
  static final Cidr NETWORK = Cidr.parse("10.5.0.0/16");
  static final Cidr SUBNET = Cidr.parse("10.5.1.0/24");
  static final Map<Cidr, FastPeer> PEERS =
      Map.of(
          Cidr.parse("10.5.2.0/24"), peer("192.0.2.2"),
          Cidr.parse("10.5.3.0/24"), peer("192.0.2.3"));

  final Host host = new Host("one");
  final HeldDevice pods = host.run(() -> HeldDevice.tun("pods"));
  final HeldDevice tun = host.run(() -> HeldDevice.tun("flannel0"));
  final HeldDevice underlay = host.run(() -> HeldDevice.tap("eth0"));
  final DatagramSocket socket;
  final FastPath fastPath;

  OneHost() throws IOException {
    host.sh("ip link set pods up mtu 9000");
    host.sh("ip link set flannel0 up mtu 2000"); // so that too long packets reach the program
    host.sh("ip link set eth0 address 02:00:00:00:00:01 up");
    host.sh("ip addr add 192.0.2.1/24 dev eth0");
    host.sh("ip addr add 10.5.1.0/32 dev flannel0");
    host.sh("ip route add 10.5.1.0/24 dev pods");
    host.sh("ip route add 10.5.0.0/16 dev flannel0");
    host.sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev eth0");
    host.sh("ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:03 dev eth0");
    socket = host.run(() -> new DatagramSocket(new InetSocketAddress("192.0.2.1", 8285)));
    socket.setSoTimeout(3_000);
    fastPath = attach();
    fastPath.peers(PEERS);
  }

  static FastPeer peer(String host) {
    return new FastPeer(Ip.parse(host), true);
  }

  FastPathSetup setup() {
    return new FastPathSetup(
        host.index("flannel0"),
        host.index("eth0"),
        Ip.parse("192.0.2.1"),
        8285,
        NETWORK,
        SUBNET,
        MTU);
  }

  private FastPath attach() {
    try {
      return host.run(() -> FastPath.attach(setup()));
    } catch (LinuxException e) {
      close();
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      System.err.println("SKIPPED: " + e);
      return Assumptions.abort(e.toString());
    }
  }

  /** The next datagram that reached user space. */
  byte[] received() throws IOException {
    DatagramPacket datagram = new DatagramPacket(new byte[65_535], 65_535);
    socket.receive(datagram);
    return Arrays.copyOf(datagram.getData(), datagram.getLength());
  }

  long count(Reason reason) {
    return fastPath.counters().count(reason);
  }

  @Override
  public void close() {
    socket.close();
    pods.close();
    tun.close();
    underlay.close();
    host.close();
  }
}
