// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static io.jflannel.flanneld.udp.NaivePacket.u16;
import static io.jflannel.flanneld.udp.NaivePacket.u32;
import static io.jflannel.flanneld.udp.NaivePacket.u8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.tun.NativeMemory;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** B28, right column. We are 10.5.1.0/24; 192.0.2.2 has 10.5.2.0/24 and 192.0.2.3 10.5.3.0/24. */
class AdmissionTest {

  private static final ForwardingTable TABLE =
      ForwardingTable.of(
          Map.of(
              Cidr.parse("10.5.2.0/24"), Ip.parse("192.0.2.2"),
              Cidr.parse("10.5.3.0/24"), Ip.parse("192.0.2.3")));

  private final OwnSubnet own = new OwnSubnet(Cidr.parse("10.5.1.0/24"));
  private final Admission admission = new Admission(Cidr.parse("10.5.0.0/16"), own);
  private final NativeMemory memory = NativeMemory.allocate(1 << 17);

  private Verdict ofPeer(byte[] packet) {
    memory.network().put(64, packet);
    int sender = Ip.parse("192.0.2.2").v4Bits();
    return admission.ofPeer(memory, 64, packet.length, sender, TABLE);
  }

  private Verdict ofTun(byte[] packet) {
    memory.network().put(64, packet);
    return admission.ofTun(memory.network(), 64, packet.length);
  }

  /** ICMP with 8 bytes. */
  private static byte[] packet(String source, String destination, int timeToLive) {
    byte[] packet = new byte[28];
    packet[0] = 0x45;
    packet[3] = 28;
    packet[8] = (byte) timeToLive;
    packet[9] = 1;
    NaivePacket.put32(packet, 12, Ip.parse(source).v4Bits());
    NaivePacket.put32(packet, 16, Ip.parse(destination).v4Bits());
    NaivePacket.seal(packet);
    return packet;
  }

  @Test
  void theOwnSubnetIsNoPeersAlsoWhenItIsAnother() {
    assertThat(ofPeer(packet("10.5.1.7", "10.5.2.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
    assertThat(ofPeer(packet("10.5.201.7", "10.5.2.9", 64))).isEqualTo(Verdict.PASS);
    own.set(Cidr.parse("10.5.200.1/22"));
    assertThat(own.address()).isEqualTo(Ip.parse("10.5.200.0").v4Bits());
    assertThat(ofPeer(packet("10.5.1.7", "10.5.2.9", 64))).isEqualTo(Verdict.PASS);
    assertThat(ofPeer(packet("10.5.201.7", "10.5.2.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
  }

  @Test
  void aPeerSendsFromItsSubnetIntoTheNetwork() {
    assertThat(ofPeer(packet("10.5.2.7", "10.5.1.9", 64))).isEqualTo(Verdict.PASS);
    assertThat(ofPeer(packet("10.5.2.0", "10.5.1.0", 64))).isEqualTo(Verdict.PASS);
    assertThat(ofPeer(packet("10.5.2.7", "10.5.77.9", 64))).isEqualTo(Verdict.PASS);
  }

  @Test
  void aPeerSpeaksForNobodyElse() {
    assertThat(ofPeer(packet("10.5.3.7", "10.5.1.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
    assertThat(ofPeer(packet("10.5.1.7", "10.5.1.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
    assertThat(ofPeer(packet("10.6.2.7", "10.5.1.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
    assertThat(ofPeer(packet("127.0.0.1", "10.5.1.9", 64))).isEqualTo(Verdict.FOREIGN_SOURCE);
    assertThat(ofPeer(packet("10.5.200.7", "10.5.1.9", 64))).isEqualTo(Verdict.PASS); // nobody's
  }

  @Test
  void nothingLeavesTheNetwork() {
    for (String outside : new String[] {"10.6.0.1", "192.0.2.1", "127.0.0.1", "255.255.255.255"}) {
      assertThat(ofPeer(packet("10.5.2.7", outside, 64))).isEqualTo(Verdict.FOREIGN_DESTINATION);
    }
  }

  @Test
  void zeroDoesNotWrap() {
    assertThat(ofPeer(packet("10.5.2.7", "10.5.1.9", 0))).isEqualTo(Verdict.TTL_EXPIRED);
    assertThat(ofPeer(packet("10.5.2.7", "10.5.1.9", 1))).isEqualTo(Verdict.TTL_EXPIRED);
    assertThat(ofPeer(packet("10.5.2.7", "10.5.1.9", 2))).isEqualTo(Verdict.PASS);
  }

  @Test
  void theDecrementIsInTheChecksum() {
    for (int identification = 0; identification < 1 << 16; identification++) {
      byte[] packet = packet("10.5.2.7", "10.5.1.9", 64);
      NaivePacket.put16(packet, 4, identification);
      NaivePacket.seal(packet);
      memory.network().put(64, packet);
      Ipv4.decrementTimeToLive(memory.network(), 64);
      packet[8]--;
      NaivePacket.seal(packet);
      byte[] actual = new byte[packet.length];
      memory.network().get(64, actual);
      assertThat(actual).isEqualTo(packet);
    }
  }

  @Test
  void lengthsMustAgree() {
    byte[] good = packet("10.5.2.7", "10.5.1.9", 64);
    assertThat(ofPeer(Arrays.copyOf(good, 27))).isEqualTo(Verdict.TRUNCATED);
    assertThat(ofPeer(Arrays.copyOf(good, 19))).isEqualTo(Verdict.TRUNCATED);
    assertThat(ofPeer(new byte[0])).isEqualTo(Verdict.TRUNCATED);
    assertThat(ofPeer(Arrays.copyOf(good, 29))).isEqualTo(Verdict.MALFORMED);
    byte[] shortHeader = good.clone();
    shortHeader[0] = 0x44;
    assertThat(ofPeer(shortHeader)).isEqualTo(Verdict.MALFORMED);
    byte[] longHeader = good.clone();
    longHeader[0] = 0x4f;
    assertThat(ofPeer(longHeader)).isEqualTo(Verdict.MALFORMED);
    byte[] six = good.clone();
    six[0] = 0x60;
    assertThat(ofPeer(six)).isEqualTo(Verdict.NOT_IPV4);
    assertThat(ofTun(six)).isEqualTo(Verdict.NOT_IPV4);
    assertThat(ofTun(Arrays.copyOf(good, 27))).isEqualTo(Verdict.MALFORMED);
    assertThat(ofTun(packet("192.0.2.1", "10.5.2.9", 64))).isEqualTo(Verdict.PASS);
  }

  @Test
  void whateverArrivesIsJudgedByTheRules() {
    long seed = System.nanoTime();
    System.err.println("AdmissionTest: seed " + seed);
    Random random = new Random(seed);
    int passed = 0;
    for (int i = 0; i < 1_000_000; i++) {
      byte[] packet = mutated(random);
      Verdict verdict = ofPeer(packet);
      assertThat(verdict == Verdict.PASS).as("seed %d", seed).isEqualTo(mayPass(packet));
      if (verdict == Verdict.PASS) {
        passed++;
        Ipv4.decrementTimeToLive(memory.network(), 64);
        byte[] expected = packet.clone();
        expected[8]--;
        NaivePacket.seal(expected);
        byte[] actual = new byte[packet.length];
        memory.network().get(64, actual);
        assertThat(actual).as("seed %d", seed).isEqualTo(expected);
      }
    }
    assertThat(passed).isBetween(200_000, 800_000);
  }

  private static byte[] mutated(Random random) {
    byte[] packet = packet("10.5." + random.nextInt(6) + ".7", "10.5.1.9", random.nextInt(256));
    if (random.nextInt(5) == 0) {
      packet = Arrays.copyOf(packet, random.nextInt(60));
    }
    if (packet.length > 0 && random.nextInt(4) == 0) {
      packet[random.nextInt(packet.length)] = (byte) random.nextInt(256);
    }
    if (packet.length >= 60 || packet.length >= 20 && NaivePacket.header(packet) <= packet.length) {
      if (random.nextInt(8) != 0) {
        NaivePacket.seal(packet);
      }
    }
    return packet;
  }

  private static boolean mayPass(byte[] packet) {
    return packet.length >= 20
        && u8(packet, 0) >> 4 == 4
        && NaivePacket.header(packet) >= 20
        && NaivePacket.header(packet) <= packet.length
        && u16(packet, 2) == packet.length
        && NaivePacket.sealed(packet)
        && u32(packet, 12) >> 16 == 0x0a05
        && u8(packet, 14) != 1
        && u8(packet, 14) != 3
        && u32(packet, 16) >> 16 == 0x0a05
        && u8(packet, 8) > 1;
  }
}
