// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.fastpath.TwoNodes.Underlay;
import io.jflannel.flanneld.lab.Requirements;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Pods of two nodes talk by real sockets; nothing of it goes by user space. */
final class FastPathTrafficTest {

  private static final int PORT = 7000;
  private static final int BYTES = 64 << 20;
  private static final int DATAGRAMS = 20_000;

  @BeforeEach
  void needs() {
    Requirements.commands("ip", "ping", "ethtool", "bridge");
  }

  @ParameterizedTest
  @CsvSource({
    "1500, on",
    "1500, off",
    "9000, on",
    "9000, off",
    "1500, gro on",
    "9000, gro on",
  })
  void bytesArriveAsTheyWereSent(int mtu, String offloads) throws Exception {
    try (TwoNodes nodes = new TwoNodes(Underlay.VETH, mtu)) {
      if (offloads.equals("gro on")) {
        nodes.wire("tx off tso off gso off gro on");
      } else {
        nodes.wire("tx %1$s tso %1$s gso %1$s rx %1$s gro off".formatted(offloads));
      }
      exchange(nodes, mtu);
    }
  }

  @ParameterizedTest
  @EnumSource(Underlay.class)
  void everyKindOfUnderlayCarries(Underlay underlay) throws Exception {
    try (TwoNodes nodes = new TwoNodes(underlay, 1500)) {
      exchange(nodes, 1500);
    }
  }

  /** A pod whose checksums and segments are finished, and one that leaves them to others. */
  @Test
  void podsWithoutOffloads() throws Exception {
    try (TwoNodes nodes = new TwoNodes(Underlay.VETH, 1500)) {
      nodes.pod(1).sh("ethtool -K eth0 tx off tso off gso off gro off");
      exchange(nodes, 1500);
    }
  }

  private static void exchange(TwoNodes nodes, int mtu) throws Exception {
    int largest = mtu - 28 - 28;
    String ping = nodes.pod(1).sh("ping -M do -c 2 -i 0.01 -W 2 -s " + largest + " 10.5.2.9");
    assertThat(ping).contains("2 received").contains("ttl=60"); // twice forwarded, twice tunnelled
    stream(nodes, 1);
    stream(nodes, 2);
    datagrams(nodes, 1000);
    for (int number = 1; number <= 2; number++) {
      String errors = nodes.pod(number).sh("cat /proc/net/snmp /proc/net/netstat");
      assertThat(value(errors, "Tcp", "InCsumErrors")).isZero();
      assertThat(value(errors, "Udp", "InCsumErrors")).isZero();
      FastPathCounters counters = nodes.fastPath(number).counters();
      assertThat(counters.sent().bytes()).isGreaterThan(BYTES);
      assertThat(counters.received().bytes()).isGreaterThan(BYTES);
      assertThat(counters.others().values()).as("%s", counters).allMatch(count -> count == 0);
    }
    assertThat(nodes.tunsAreQuiet()).isTrue();
  }

  private static void stream(TwoNodes nodes, int from) throws Exception {
    String server = "10.5." + (3 - from) + ".9";
    byte[] content = new byte[BYTES];
    new Random(from).nextBytes(content);
    try (ServerSocket listening =
        nodes.pod(3 - from).run(() -> new ServerSocket(PORT, 1, address(server).getAddress()))) {
      CompletableFuture<Long> received = new CompletableFuture<>();
      Thread.ofPlatform().start(() -> received.completeAsync(() -> accepted(listening)));
      try (Socket client = nodes.pod(from).run(() -> connected(server))) {
        OutputStream out = client.getOutputStream();
        out.write(content);
        client.shutdownOutput();
        assertThat(received.get(60, java.util.concurrent.TimeUnit.SECONDS)).isEqualTo(crc(content));
      }
    }
  }

  /** The kernel's socket is made when it connects. */
  private static Socket connected(String server) throws IOException {
    Socket socket = new Socket();
    socket.connect(address(server), 3_000);
    return socket;
  }

  private static InetSocketAddress address(String host) {
    return new InetSocketAddress(host, PORT);
  }

  private static long accepted(ServerSocket listening) {
    try (Socket socket = listening.accept()) {
      return crc(new DataInputStream(socket.getInputStream()).readAllBytes());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static long crc(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content);
    return crc.getValue();
  }

  /** One after another, each answered: none may be lost, changed or out of order. */
  private static void datagrams(TwoNodes nodes, int length) throws Exception {
    try (DatagramSocket sender = nodes.pod(1).run(() -> new DatagramSocket(address("10.5.1.9")));
        DatagramSocket receiver = nodes.pod(2).run(() -> new DatagramSocket(address("10.5.2.9")))) {
      receiver.setSoTimeout(3_000);
      DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
      for (int i = 0; i < DATAGRAMS; i++) {
        byte[] data = ByteBuffer.allocate(length).putInt(i).array();
        sender.send(new DatagramPacket(data, length, address("10.5.2.9")));
        receiver.receive(packet);
        assertThat(ByteBuffer.wrap(packet.getData()).getInt()).isEqualTo(i);
        assertThat(packet.getLength()).isEqualTo(length);
        packet.setLength(2000);
      }
    }
  }

  /** Of /proc/net/snmp: a line of names, then one of numbers. */
  private static long value(String table, String protocol, String name) {
    var lines = table.lines().filter(line -> line.startsWith(protocol + ":")).toList();
    int column = java.util.List.of(lines.get(0).split(" ", -1)).indexOf(name);
    return Long.parseLong(lines.get(1).split(" ", -1)[column]);
  }
}
