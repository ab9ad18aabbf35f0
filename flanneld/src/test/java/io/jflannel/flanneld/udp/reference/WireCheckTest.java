// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A check that finds nothing is worth nothing. */
class WireCheckTest {

  private static final String UDP =
      "45000020000740003e1125b90a0501020a0502020fa01388000c00da61626364";
  private static final String TCP =
      "4500002c000740003e0625b80a0501020a0502020fa01388000000010000000250100200aed1000061626364";
  private static final String ICMP =
      "45000020000740003e0125c90a0501020a050202080033370001000161626364";

  @TempDir private Path directory;

  @Test
  void goodPacketsAreFoundGood() throws IOException, InterruptedException {
    WireCheck check = checked(List.of(UDP, TCP, ICMP, UDP.replace("00da", "0000")));

    assertThat(check.faults()).isEmpty();
    assertThat(check.datagrams()).isEqualTo(4);
    assertThat(check.kinds()).containsEntry("udp", 2L).containsEntry("tcp", 1L);
  }

  @Test
  void whatIsWrongIsNamed() throws IOException, InterruptedException { // backends.md 6.3
    List<String> bad =
        List.of(
            UDP.replace("00da", "00db"),
            TCP.replace("aed1", "aed2"),
            ICMP.replace("3337", "3338"),
            UDP.replace("25b9", "25ba"),
            UDP + "00",
            UDP.substring(0, UDP.length() - 2),
            UDP + UDP,
            "60000000000401400000",
            "00");

    assertThat(checked(bad).faults())
        .map(fault -> fault.replaceFirst(":.*", ""))
        .containsOnly(
            "frame 1", "frame 2", "frame 3", "frame 4", "frame 5", "frame 6", "frame 7", "frame 8",
            "frame 9");
  }

  /** Sends them as datagrams over a wire. */
  private WireCheck checked(List<String> packets) throws IOException, InterruptedException {
    try (Wire wire = new Wire(2, 1_500, Wire.Offloads.ON);
        NetworkNamespace namespace = NetworkNamespace.named(wire.host(1));
        DatagramSocket socket = namespace.run(() -> new DatagramSocket(8_285))) {
      Commands.in(wire.host(1), "ping -n -c 1 " + Wire.address(2));
      Path capture = directory.resolve("sent.pcap");
      wire.capture(2, capture);
      for (String packet : packets) {
        byte[] data = HexFormat.of().parseHex(packet);
        InetSocketAddress to = new InetSocketAddress(Wire.address(2), 8_285);
        socket.send(new DatagramPacket(data, data.length, to));
      }
      wire.endCaptures();
      assertThat(Files.size(capture)).isPositive();
      return WireCheck.of(capture, 1_500);
    }
  }
}
