// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.VnetHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A super-packet becomes what the kernel would have made of it. */
class SegmentationTest {

  private static final int LEAST_PACKETS = 1_000_000;

  private final NativeMemory memory = NativeMemory.allocate(1 << 18);
  private final int arena = memory.take(1 << 17);
  private final int header = memory.take(Segmentation.LONGEST_HEADER);
  private final Segmentation segmentation = new Segmentation(memory);

  @Test
  void segmentsAreThoseOfTheKernel() {
    long seed = System.nanoTime();
    System.err.println("SegmentationTest: seed " + seed);
    Random random = new Random(seed);
    long packets = 0;
    while (packets < LEAST_PACKETS) {
      int size = 1 + random.nextInt(random.nextInt(20) == 0 ? 9000 : 1460);
      int most = random.nextInt(20) == 0 ? 65535 - 120 : Math.min(60_000, size * 20);
      byte[] packet = new RandomPackets(random).superPacket(size, 1 + random.nextInt(most));
      int protocol = NaivePacket.u8(packet, 9);
      if (protocol == 6 || protocol == 17) {
        List<byte[]> expected = NaivePacket.segments(packet, size);
        List<byte[]> actual = segments(packet, size);
        assertThat(actual.toArray(byte[][]::new))
            .as("seed %d", seed)
            .isDeepEqualTo(expected.toArray(byte[][]::new));
        packets += actual.size();
      }
    }
    System.err.println("SegmentationTest: " + packets + " packets");
  }

  private List<byte[]> segments(byte[] packet, int size) {
    int type = NaivePacket.u8(packet, 9) == 6 ? VnetHeader.TCP4 : VnetHeader.UDP;
    memory.network().put(arena, packet);
    int count = segmentation.begin(arena, packet.length, type, size);
    List<byte[]> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      segmentation.write(i, header);
      int headers = segmentation.headerLength();
      byte[] segment = new byte[headers + segmentation.payloadLength(i)];
      memory.network().get(header, segment, 0, headers);
      memory
          .network()
          .get(segmentation.payloadAt(i), segment, headers, segmentation.payloadLength(i));
      segments.add(segment);
    }
    return segments;
  }

  @Test
  void whatIsNoSuperPacketIsRefused() {
    Random random = new Random(1);
    byte[] packet = new RandomPackets(random).superPacket(100, 1000);
    while (NaivePacket.u8(packet, 9) != 6) {
      packet = new RandomPackets(random).superPacket(100, 1000);
    }
    assertThat(begin(packet, packet.length, VnetHeader.TCP4, 100)).isEqualTo(10);
    assertThat(begin(packet, packet.length, VnetHeader.TCP4, 0)).isZero();
    assertThat(begin(packet, packet.length, VnetHeader.UDP, 100)).isZero();
    assertThat(begin(packet, packet.length, 4, 100)).isZero(); // TCP over IPv6
    assertThat(begin(packet, 30, VnetHeader.TCP4, 100)).isZero();
    byte[] overlong = packet.clone();
    overlong[NaivePacket.header(packet) + 12] = (byte) 0xf0;
    assertThat(begin(overlong, 70, VnetHeader.TCP4, 100)).isZero();
    byte[] fragment = packet.clone();
    NaivePacket.put16(fragment, 6, 0x2000);
    assertThat(begin(fragment, packet.length, VnetHeader.TCP4, 100)).isZero();
  }

  private int begin(byte[] packet, int length, int type, int size) {
    memory.network().put(arena, packet);
    return segmentation.begin(arena, length, type, size);
  }
}
