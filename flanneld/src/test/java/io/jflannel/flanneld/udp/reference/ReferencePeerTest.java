// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.linux.NetworkNamespace;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reference peer is what the others are held against: it must itself be as specified. */
class ReferencePeerTest {

  private static final String SUBNET_1 = "10.5.1.0/24";
  private static final String SUBNET_2 = "10.5.2.0/24";

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"1500, ON", "1500, OFF", "9000, ON", "9000, OFF"})
  void twoOfThemExchangePings_datagramsAndConnections(int mtu, Wire.Offloads offloads)
      throws InterruptedException { // backends.md 6.3, 6.5
    try (Wire wire = new Wire(2, mtu, offloads);
        ReferencePeer one = ReferencePeer.start(directory, wire, 1, mtu, "10.5.1.0");
        ReferencePeer two = ReferencePeer.start(directory, wire, 2, mtu, "10.5.2.0")) {
      one.route(SUBNET_2, 2);
      two.route(SUBNET_1, 1);
      Exchange exchange = new Exchange(wire.host(1), "10.5.1.0", wire.host(2), "10.5.2.0");
      exchange.awaitAnswer();
      wire.capture(1, directory.resolve("1.pcap"));
      wire.capture(2, directory.resolve("2.pcap"));

      assertThat(exchange.ping(56)).contains("ttl=62"); // one by each side
      exchange.ping(3_000);
      exchange.udp(0, 1, 33, 1_444, 1_472, 5_000, 20_000);
      exchange.tcp(2_000_000);
      exchange.reversed().tcp(2_000_000);

      for (Path capture : wire.endCaptures()) {
        WireCheck check = WireCheck.of(capture, mtu);
        assertThat(check.faults()).as(capture.toString()).isEmpty();
        assertThat(check.kinds()).containsKeys("icmp", "udp", "tcp", "fragment");
        assertThat(check.datagrams()).isGreaterThan(2_000_000 / mtu);
      }
    }
  }

  @Test
  void anUnknownDestinationIsToldUnreachable_andARouteComesAndGoes()
      throws Exception { // backends.md 6.4, 6.6
    try (Wire wire = new Wire(2, 1_500, Wire.Offloads.ON);
        ReferencePeer one = ReferencePeer.start(directory, wire, 1, 1_500, "10.5.1.0");
        ReferencePeer two = ReferencePeer.start(directory, wire, 2, 1_500, "10.5.2.0")) {
      two.route(SUBNET_1, 1);
      String answer = answerOfUnreachable(wire, one.device());
      assertThat(answer)
          .startsWith("450000380000000008019cbc0a0501000a0501000300")
          .contains("00000000" + "45000024"); // nothing unused, then the offender
      assertThat(sum(answer.substring(40))).isEqualTo(0xffff);

      one.route(SUBNET_2, 2);
      Exchange exchange = new Exchange(wire.host(1), "10.5.1.0", wire.host(2), "10.5.2.0");
      exchange.awaitAnswer();
      one.deleteRoute(SUBNET_2);
      await("the route's end").until(() -> !answers(exchange));
    }
  }

  private static boolean answers(Exchange exchange) throws InterruptedException {
    try {
      exchange.ping(56);
      return true;
    } catch (IllegalStateException lost) {
      return false;
    }
  }

  /** RFC 1071, without the complement at the end. */
  private static int sum(String digits) {
    int sum = 0;
    for (int at = 0; at < digits.length(); at += 4) {
      sum += Integer.parseInt(digits.substring(at, at + 4), 16);
    }
    return (sum & 0xffff) + (sum >>> 16);
  }

  /** What comes out of the TUN for a datagram to 10.5.9.9, in hexadecimal digits. */
  private String answerOfUnreachable(Wire wire, String device) throws Exception {
    Path file = directory.resolve("icmp.pcap");
    Path log = directory.resolve("icmp.log");
    Process dumpcap =
        Commands.start(
            wire.host(1),
            log,
            List.of("dumpcap", "-c", "1", "-i", device, "-f", "icmp", "-w", file.toString()));
    await("the capture").until(() -> Files.readString(log).contains("File: "));
    try (NetworkNamespace namespace = NetworkNamespace.named(wire.host(1));
        DatagramSocket socket =
            namespace.run(() -> new DatagramSocket(0, InetAddress.getByName("10.5.1.0")))) {
      InetSocketAddress nobody = new InetSocketAddress("10.5.9.9", 9);
      socket.send(new DatagramPacket(new byte[8], 8, nobody));
    }
    assertThat(dumpcap.waitFor(10, TimeUnit.SECONDS)).isTrue();
    List<String> words =
        Commands.run(List.of("tshark", "-r", file.toString(), "-x"))
            .lines()
            .filter(line -> line.matches("[0-9a-f]{4}  .*"))
            .map(line -> line.substring(6, 53).replace(" ", ""))
            .toList();
    return String.join("", words);
  }
}
