// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static io.jflannel.flanneld.udp.NaivePacket.u16;
import static io.jflannel.flanneld.udp.NaivePacket.u8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.tun.IoVectors;
import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.linux.tun.VnetHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Whatever is joined, the kernel makes the same packets of it as if each had been written by
 * itself, in the same order in each flow.
 */
class CoalescingTest {

  private static final int LEAST_PACKETS = 1_000_000;

  private final NativeMemory memory = NativeMemory.allocate(16 << 20);
  private final int arena = memory.take(12 << 20);
  private final Coalescing coalescing = new Coalescing(memory, true);

  @Test
  void theKernelMakesTheSamePacketsAgain() {
    long seed = System.nanoTime();
    System.err.println("CoalescingTest: seed " + seed);
    Random random = new Random(seed);
    long packets = 0;
    long joined = 0;
    while (packets < LEAST_PACKETS) {
      List<byte[]> batch = new RandomPackets(random).batch(Coalescing.MOST / 2);
      List<byte[]> written = written(batch);
      assertSame(batch, written, seed);
      packets += batch.size();
      joined += batch.size() - coalescing.count();
    }
    System.err.println("CoalescingTest: " + packets + " packets, " + joined + " joined");
    assertThat(joined).isGreaterThan(packets / 4);
  }

  @Test
  void aSuperPacketOfTheSenderIsOneOfTheReceiver() {
    Random random = new Random(2);
    for (int i = 0; i < 20_000; i++) {
      int size = 100 + random.nextInt(1400);
      byte[] packet = new RandomPackets(random).superPacket(size, 1 + random.nextInt(63 * size));
      boolean joinable = u8(packet, 9) == 17 || u8(packet, 9) == 6 && (packet[33] & 0x80) == 0;
      if (joinable && NaivePacket.header(packet) == 20 && packet.length <= 65535) {
        List<byte[]> segments = NaivePacket.segments(packet, size);
        List<byte[]> written = written(segments);
        assertThat(coalescing.count()).isEqualTo(1);
        assertSame(segments, written, 2);
      }
    }
  }

  @Test
  void whatTheKernelRefusesBecomesWhatItWas() {
    long seed = System.nanoTime();
    System.err.println("CoalescingTest: seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 1000; round++) {
      List<byte[]> batch = new RandomPackets(random).batch(Coalescing.MOST / 2);
      written(batch);
      List<byte[]> apart = new ArrayList<>();
      for (int i = 0; i < coalescing.count(); i++) {
        for (int k = 0; k < coalescing.packet(i).packets; k++) {
          if (coalescing.packet(i).packets > 1) {
            coalescing.unjoin(i, k);
          }
          int piece = coalescing.firstPiece(i) + 1;
          byte[] packet = new byte[coalescing.pieces().length(piece)];
          memory.network().get(coalescing.pieces().offset(piece), packet);
          apart.add(packet);
        }
      }
      assertSame(batch, apart, seed);
    }
  }

  /** Adds a batch and lets the kernel of {@link NaivePacket} take what comes out. */
  private List<byte[]> written(List<byte[]> batch) {
    coalescing.clear();
    int at = arena;
    for (byte[] packet : batch) {
      memory.network().put(at, packet);
      coalescing.add(at, packet.length);
      at += packet.length; // as the kernel joins datagrams: without gaps, at odd addresses
    }
    List<byte[]> written = new ArrayList<>();
    for (int i = 0; i < coalescing.count(); i++) {
      coalescing.seal(i);
      written.addAll(kernel(i));
    }
    return written;
  }

  private List<byte[]> kernel(int index) {
    IoVectors pieces = coalescing.pieces();
    int first = coalescing.firstPiece(index);
    int vnet = pieces.offset(first);
    assertThat(pieces.length(first)).isEqualTo(VnetHeader.BYTES);
    byte[] packet = new byte[0];
    for (int i = 1; i < coalescing.pieceCount(index); i++) {
      int length = pieces.length(first + i);
      packet = Arrays.copyOf(packet, packet.length + length);
      memory.network().get(pieces.offset(first + i), packet, packet.length - length, length);
    }
    return coalescing.packet(index).packets == 1 ? plain(vnet, packet) : segmented(vnet, packet);
  }

  private List<byte[]> plain(int vnet, byte[] packet) {
    assertThat(VnetHeader.type(memory, vnet)).isEqualTo(VnetHeader.NONE);
    assertThat(VnetHeader.needsChecksum(memory, vnet)).isFalse();
    return List.of(packet);
  }

  /** What tun_get_user and the segmentation of the kernel demand. */
  private List<byte[]> segmented(int vnet, byte[] packet) {
    boolean tcp = u8(packet, 9) == 6;
    int type = tcp ? VnetHeader.TCP4 : VnetHeader.UDP;
    int size = VnetHeader.size(memory, vnet);
    int field = VnetHeader.checksumStart(memory, vnet) + VnetHeader.checksumField(memory, vnet);
    assertThat(VnetHeader.type(memory, vnet)).isEqualTo(type);
    assertThat(VnetHeader.needsChecksum(memory, vnet)).isTrue();
    assertThat(VnetHeader.checksumStart(memory, vnet)).isEqualTo(20);
    assertThat(field).isEqualTo(NaivePacket.checksumAt(packet));
    assertThat(u16(packet, field)).isEqualTo(NaivePacket.pseudo(packet, packet.length - 20));
    assertThat(u16(packet, 2)).isEqualTo(packet.length);
    assertThat(NaivePacket.sealed(packet)).isTrue();
    List<byte[]> segments = NaivePacket.segments(packet, size);
    assertThat(segments).hasSizeGreaterThan(1);
    assertThat(segments.size()).isLessThanOrEqualTo(tcp ? 134 : 64);
    return segments;
  }

  private static void assertSame(List<byte[]> batch, List<byte[]> written, long seed) {
    assertThat(written).as("seed %d", seed).hasSameSizeAs(batch);
    Set<String> seen = new HashSet<>();
    for (byte[] packet : batch) {
      if (seen.add(u8(packet, 15) + " " + u8(packet, 9) + " " + portsOf(packet))) {
        List<String> sent = flow(batch, packet);
        assertThat(flow(written, packet)).as("seed %d", seed).containsExactlyElementsOf(sent);
      }
    }
  }

  /** The packets that can be of another's flow: fragments may be of any flow of the protocol. */
  private static List<String> flow(List<byte[]> packets, byte[] of) {
    long ports = portsOf(of);
    return packets.stream()
        .filter(packet -> u8(packet, 15) == u8(of, 15) && u8(packet, 9) == u8(of, 9))
        .filter(packet -> portsOf(packet) == ports || portsOf(packet) < 0)
        .map(CoalescingTest::text)
        .toList();
  }

  private static long portsOf(byte[] packet) {
    int ip = NaivePacket.header(packet);
    boolean ports = u8(packet, 9) == 6 || u8(packet, 9) == 17;
    boolean known = ports && !NaivePacket.isFragment(packet) && ip == 20 && packet.length >= 24;
    return known ? NaivePacket.u32(packet, ip) : -1;
  }

  /** All of it but the identification where it means nothing (RFC 6864, 4.1). */
  private static String text(byte[] packet) {
    byte[] copy = packet.clone();
    if (NaivePacket.dontFragment(packet) && !NaivePacket.isFragment(packet)) {
      assertThat(NaivePacket.sealed(packet)).isTrue();
      NaivePacket.put16(copy, 4, 0);
      NaivePacket.put16(copy, 10, 0);
    }
    return HexFormat.of().formatHex(copy);
  }
}
