// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Section 6.3: each datagram on the wire is one complete packet, whatever path it took. */
class WireTest {

  private static final int ETHERNET = 14;
  private static final int OUTER = 28;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void eachDatagramIsOnePacket(Datapath path) throws Exception {
    TwoHosts.requireProgram("tcpdump");
    TwoHosts.requireProgram("ethtool");
    Path capture = directory.resolve("capture");
    try (TwoHosts hosts = new TwoHosts(1500)) {
      // the kernel cuts segmented messages before the device, not behind it
      for (int host = 1; host <= 2; host++) {
        hosts.in(host, "ethtool -K eth0 tx-udp-segmentation off gso off gro off");
      }
      try (Tunnel first = hosts.tunnel(1, path);
          Tunnel second = hosts.tunnel(2, path)) {
        Process tcpdump = tcpdump(hosts, capture);
        hosts.in(1, "ping -c1 -t3 -W2 10.5.2.0");
        hosts.in(1, "sh -c 'ping -c1 -t2 -W0.1 10.5.2.0 || true'"); // expires there
        hosts.iperf("-n 10M");
        hosts.iperf("-n 10M -R");
        hosts.iperf("-u -b 40M -n 500K -l 3000"); // fragments
        tcpdump.destroy();
        tcpdump.waitFor();
        List<byte[]> packets = packets(capture);
        assertThat(packets).hasSizeGreaterThan(10_000);
        packets.forEach(WireTest::assertDatagram);
        assertThat(packets.stream().anyMatch(WireTest::isTimeToLiveOne)).isTrue();
        assertThat(first.counters().dropped(Verdict.MALFORMED)).isZero();
        assertThat(second.counters().dropped(Verdict.MALFORMED)).isZero();
        assertThat(second.counters().dropped(Verdict.TTL_EXPIRED)).isEqualTo(1);
      }
    }
  }

  private static Process tcpdump(TwoHosts hosts, Path file) throws IOException {
    ProcessBuilder command =
        new ProcessBuilder(
            "ip",
            "netns",
            "exec",
            hosts.name(1),
            "tcpdump",
            "-i",
            "eth0",
            "-p",
            "-s0",
            "-B65536",
            "-Z",
            "root",
            "-w",
            file.toString(),
            "udp");
    Process process = command.redirectErrorStream(true).start();
    BufferedReader output = process.inputReader();
    String line = output.readLine();
    while (line != null && !line.contains("listening")) {
      line = output.readLine();
    }
    return process;
  }

  /** Of a file of libpcap in this machine's byte order: the IPv4 packets. */
  private static List<byte[]> packets(Path capture) {
    try {
      byte[] file = Files.readAllBytes(capture);
      ByteBuffer fields = ByteBuffer.wrap(file).order(ByteOrder.nativeOrder());
      List<byte[]> packets = new ArrayList<>();
      int at = 24;
      while (at + 16 <= file.length) {
        int length = fields.getInt(at + 8);
        packets.add(Arrays.copyOfRange(file, at + 16 + ETHERNET, at + 16 + length));
        at += 16 + length;
      }
      return packets;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertDatagram(byte[] outer) {
    assertThat(outer.length).isLessThanOrEqualTo(1500);
    assertThat(NaivePacket.u16(outer, 2)).isEqualTo(outer.length);
    assertThat(NaivePacket.u16(outer, 6)).as("do not fragment").isEqualTo(0x4000);
    assertThat(NaivePacket.u16(outer, 20)).isEqualTo(8285);
    assertThat(NaivePacket.u16(outer, 22)).isEqualTo(8285);
    byte[] inner = inner(outer);
    assertThat(inner[0] >> 4).isEqualTo(4);
    assertThat(NaivePacket.u16(inner, 2)).isEqualTo(inner.length);
    assertThat(NaivePacket.sealed(inner)).isTrue();
    boolean tcp = NaivePacket.u8(inner, 9) == 6;
    boolean udp = NaivePacket.u8(inner, 9) == 17;
    if ((tcp || udp) && !NaivePacket.isFragment(inner)) {
      int length = inner.length - NaivePacket.header(inner);
      int pseudo = NaivePacket.pseudo(inner, length);
      int sum = NaivePacket.sum(inner, NaivePacket.header(inner), inner.length, pseudo);
      assertThat(sum).isEqualTo(0xffff);
    }
  }

  private static byte[] inner(byte[] outer) {
    return Arrays.copyOfRange(outer, OUTER, outer.length);
  }

  private static boolean isTimeToLiveOne(byte[] outer) {
    return NaivePacket.u8(inner(outer), 8) == 1;
  }
}
