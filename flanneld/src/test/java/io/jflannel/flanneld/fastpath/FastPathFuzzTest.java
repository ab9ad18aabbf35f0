// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Packets.framed;
import static io.jflannel.flanneld.fastpath.Packets.tunnelled;
import static io.jflannel.flanneld.fastpath.Packets.udp;
import static io.jflannel.flanneld.fastpath.Packets.withHeaderChecksum;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Damaged packets: the programs take exactly those that a second opinion, in Java, would take. */
final class FastPathFuzzTest {

  private static final int ROUNDS = 100_000;

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private OneHost host;

  @BeforeEach
  void setUp() throws IOException {
    System.out.println("seed " + seed);
    host = new OneHost();
  }

  @AfterEach
  void tearDown() {
    host.close();
  }

  private static Ip address(byte[] packet, int at) {
    return Ip.v4(ByteBuffer.wrap(packet).getInt(at));
  }

  /** In one to three bytes of a range. */
  private void damage(byte[] packet, int from, int to) {
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = from + random.nextInt(to - from);
      int old = packet[at];
      packet[at] =
          (byte)
              switch (random.nextInt(4)) {
                case 0 -> old ^ 1 << random.nextInt(8);
                case 1 -> old + 1;
                case 2 -> old - 1;
                default -> random.nextInt(256);
              };
    }
  }

  private static boolean taken(byte[] outer) {
    ByteBuffer fields = ByteBuffer.wrap(outer);
    int length = outer.length;
    return outer[0] == 0x45
        && fields.getShort(2) == length
        && (fields.getShort(6) & 0x3fff) == 0
        && outer[9] == 17
        && Packets.isHeaderRight(outer)
        && address(outer, 16).equals(Ip.parse("192.0.2.1"))
        && fields.getShort(20) == 8285
        && fields.getShort(22) == 8285
        && fields.getShort(24) == length - 20
        && fields.getShort(26) == 0
        && outer[28] == 0x45
        && fields.getShort(30) == length - 28
        && Byte.toUnsignedInt(outer[36]) > 1
        && OneHost.NETWORK.contains(address(outer, 44))
        && OneHost.PEERS.entrySet().stream()
            .filter(peer -> peer.getKey().contains(address(outer, 40)))
            .anyMatch(peer -> peer.getValue().host().equals(address(outer, 12)));
  }

  @Test
  void whatIsReceived() {
    byte[] good = tunnelled("192.0.2.2", "192.0.2.1", udp("10.5.2.9", "10.5.1.7", 62, 100));
    long expected = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] outer = good.clone();
      damage(outer, 0, 48);
      if (random.nextInt(8) != 0) {
        withHeaderChecksum(outer);
      }
      host.underlay.write(framed(outer));
      expected += taken(outer) ? 1 : 0;
    }
    assertThat(expected).isPositive();
    assertThat(host.fastPath.counters().received().packets()).isEqualTo(expected);
  }

  /** What the stack drops before, as it does packets with a wrong checksum, is not written. */
  @Test
  void whatIsSent() {
    byte[] good = udp("10.5.1.7", "10.5.2.9", 64, 100);
    long sent = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] packet = good.clone();
      damage(packet, 1, 10); // TOS, length, ID, fragment, TTL, protocol
      packet[19] = (byte) random.nextInt();
      packet[18] = (byte) (1 + random.nextInt(4));
      withHeaderChecksum(packet);
      ByteBuffer fields = ByteBuffer.wrap(packet);
      int length = fields.getShort(2);
      boolean whole = length == packet.length && (fields.getShort(6) & 0x3fff) == 0;
      boolean peers = packet[18] == 2 || packet[18] == 3;
      host.pods.write(packet);
      // the stack takes one from the TTL, and cuts off what is behind the length
      boolean cut = length >= 20 && length < packet.length && (fields.getShort(6) & 0x3fff) == 0;
      sent += (whole || cut) && peers && Byte.toUnsignedInt(packet[8]) > 2 ? 1 : 0;
      while (!host.tun.isQuiet()) {
        host.tun.read();
      }
    }
    assertThat(sent).isPositive();
    assertThat(host.fastPath.counters().sent().packets()).isEqualTo(sent);
  }
}
