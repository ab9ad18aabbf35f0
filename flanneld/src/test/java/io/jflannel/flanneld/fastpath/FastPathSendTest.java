// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Packets.behind;
import static io.jflannel.flanneld.fastpath.Packets.hopped;
import static io.jflannel.flanneld.fastpath.Packets.ip;
import static io.jflannel.flanneld.fastpath.Packets.isHeaderRight;
import static io.jflannel.flanneld.fastpath.Packets.isTransportRight;
import static io.jflannel.flanneld.fastpath.Packets.tcp;
import static io.jflannel.flanneld.fastpath.Packets.udp;
import static io.jflannel.flanneld.fastpath.Packets.unfinished;
import static io.jflannel.flanneld.fastpath.Packets.withHeaderChecksum;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.fastpath.FastPathCounters.Traffic;
import io.jflannel.flanneld.fastpath.HeldDevice.Offload;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What leaves the TUN device: by the underlay as datagrams, or to its reader. */
final class FastPathSendTest {

  private static final String POD = "10.5.1.7";
  private static final String PEERS_POD = "10.5.2.9";

  private OneHost host;

  @BeforeEach
  void setUp() throws IOException {
    host = new OneHost();
  }

  @AfterEach
  void tearDown() {
    host.close();
  }

  /** The datagram of the next frame, whose headers must be right: backends.md 6.3. */
  private byte[] datagram() {
    byte[] frame = host.underlay.read();
    byte[] outer = behind(14, frame);
    assertThat(HexFormat.of().formatHex(frame, 0, 14)).isEqualTo("0200000000020200000000010800");
    assertThat(isHeaderRight(outer)).isTrue();
    ByteBuffer header = ByteBuffer.wrap(outer);
    assertThat(outer[0]).isEqualTo((byte) 0x45);
    assertThat((int) header.getShort(2)).as("length").isEqualTo(outer.length);
    assertThat(header.getShort(6)).as("DF").isEqualTo((short) 0x4000);
    assertThat(outer[8]).as("TTL").isEqualTo((byte) 64);
    assertThat(outer[9]).as("UDP").isEqualTo((byte) 17);
    assertThat(HexFormat.of().formatHex(outer, 12, 20)).isEqualTo("c0000201c0000202");
    assertThat(header.getShort(20)).isEqualTo((short) 8285);
    assertThat(header.getShort(22)).isEqualTo((short) 8285);
    assertThat((int) header.getShort(24)).as("UDP length").isEqualTo(outer.length - 20);
    assertThat(header.getShort(26)).as("UDP checksum").isZero();
    return behind(28, outer);
  }

  /** The stack takes one from the TTL, the sender's end of the tunnel another one. */
  @Test
  void aPlainPacketLeavesAsOneDatagram() {
    for (int data : new int[] {0, 1, 2, 17, 1000, 1443, 1444}) {
      byte[] packet = udp(POD, PEERS_POD, 64, data);
      host.pods.write(packet);
      assertThat(datagram()).isEqualTo(hopped(packet, 2));
    }
    assertThat(host.tun.isQuiet()).isTrue();
    assertThat(host.fastPath.counters().sent()).isEqualTo(new Traffic(7, 7 * 28 + 3907));
  }

  @Test
  void theHeaderChecksumStaysRightWhateverItWas() {
    byte[] packet = udp(POD, PEERS_POD, 64, 8);
    for (int id = 0; id < 65_536; id += 97) {
      ByteBuffer.wrap(packet).putShort(4, (short) id);
      host.pods.write(withHeaderChecksum(packet));
      byte[] inner = datagram();
      assertThat(isHeaderRight(inner)).as("id %d", id).isTrue();
      assertThat(inner[8]).isEqualTo((byte) 62);
    }
  }

  @Test
  void theLongestPrefixDecides() {
    host.fastPath.peers(
        Map.of(
            Cidr.parse("10.5.0.0/16"), OneHost.peer("192.0.2.3"),
            Cidr.parse("10.5.2.0/24"), OneHost.peer("192.0.2.2")));
    host.pods.write(udp(POD, PEERS_POD, 64, 10));
    datagram();
  }

  @Test // inside the subnet of one that does
  void whoTakesNoneGetsItsPacketsByUserSpace() {
    host.fastPath.peers(
        Map.of(
            Cidr.parse("10.5.0.0/16"),
            OneHost.peer("192.0.2.3"),
            Cidr.parse("10.5.2.0/24"),
            new FastPeer(Ip.parse("192.0.2.2"), false)));
    fallsThrough(Reason.SEND_NO_PEER, udp(POD, PEERS_POD, 64, 10));
  }

  @Test
  void whatTheHardwareWasToFinishIsFinished() {
    byte[] packet = tcp(POD, PEERS_POD, 64, 700);
    host.pods.write(Offload.checksum(20, 16), unfinished(packet));
    assertThat(datagram()).isEqualTo(hopped(packet, 2));
  }

  @Test
  void aBadInnerChecksumStaysBad() {
    byte[] packet = tcp(POD, PEERS_POD, 64, 700);
    packet[300]++;
    host.pods.write(packet);
    byte[] inner = datagram();
    assertThat(inner).isEqualTo(hopped(packet, 2));
    assertThat(isTransportRight(inner)).isFalse();
  }

  @Test
  void aSuperPacketIsCutIntoDatagrams() {
    byte[] packet = tcp(POD, PEERS_POD, 64, 10_000);
    host.pods.write(Offload.tcpSegments(1432), unfinished(packet));
    ByteBuffer data = ByteBuffer.allocate(10_000);
    while (data.hasRemaining()) {
      byte[] segment = datagram();
      assertThat(segment.length).isLessThanOrEqualTo(OneHost.MTU);
      assertThat(segment[8]).isEqualTo((byte) 62);
      assertThat(isHeaderRight(segment) && isTransportRight(segment)).isTrue();
      assertThat(ByteBuffer.wrap(segment).getInt(24))
          .as("sequence number")
          .isEqualTo(ByteBuffer.wrap(packet).getInt(24) + data.position());
      data.put(behind(40, segment));
    }
    assertThat(data.array()).isEqualTo(behind(40, packet));
    assertThat(host.fastPath.counters().sent()).isEqualTo(new Traffic(1, 10_040));
  }

  /** Arrives at the reader of the TUN device as the stack has sent it. */
  private void fallsThrough(Reason reason, byte[] packet) {
    long before = host.count(reason);
    host.pods.write(packet);
    assertThat(host.tun.read()).isEqualTo(hopped(packet, 1));
    assertThat(host.count(reason)).isEqualTo(before + 1);
    assertThat(host.underlay.isQuiet()).isTrue();
  }

  @Test
  void whatIsUnusualFallsThrough() {
    byte[] options = new byte[48];
    byte[] packet = ip(POD, PEERS_POD, 64, 17, options);
    packet[0] = 0x46;
    packet[20] = 1; // NOP
    packet[21] = 1;
    packet[22] = 1;
    fallsThrough(Reason.SEND_UNUSUAL, withHeaderChecksum(packet));
    byte[] first = ip(POD, PEERS_POD, 64, 17, new byte[64]);
    first[6] = 0x20; // MF
    fallsThrough(Reason.SEND_UNUSUAL, withHeaderChecksum(first));
    byte[] later = ip(POD, PEERS_POD, 64, 17, new byte[64]);
    later[7] = 8; // offset 64
    fallsThrough(Reason.SEND_UNUSUAL, withHeaderChecksum(later));
  }

  @Test
  void unknownExpiringAndLongPacketsFallThrough() {
    fallsThrough(Reason.SEND_NO_PEER, udp(POD, "10.5.77.1", 64, 10));
    fallsThrough(Reason.SEND_EXPIRED, udp(POD, PEERS_POD, 2, 10));
    fallsThrough(Reason.SEND_TOO_BIG, udp(POD, PEERS_POD, 64, 1445));
  }

  /** An unfinished checksum would be nonsense to a peer that does not know the source. */
  @Test
  void packetsFromElsewhereFallThrough() {
    fallsThrough(Reason.SEND_FOREIGN_SOURCE, udp("10.5.9.7", PEERS_POD, 64, 10));
    fallsThrough(Reason.SEND_FOREIGN_SOURCE, udp("192.0.2.77", PEERS_POD, 64, 10));
  }

  /** The reader sees it cut, as its device cannot take it whole. */
  @Test
  void superPacketsOfUdpFallThrough() {
    byte[] packet = udp(POD, PEERS_POD, 64, 3000);
    host.pods.write(Offload.udpSegments(1000), unfinished(packet));
    for (int i = 0; i < 3; i++) {
      assertThat(host.tun.read()).hasSize(1028).matches(Packets::isTransportRight);
    }
    assertThat(host.count(Reason.SEND_NOT_TCP)).isEqualTo(1);
    assertThat(host.underlay.isQuiet()).isTrue();
  }

  @Test
  void superPacketsOfTooLongSegmentsFallThrough() {
    host.pods.write(Offload.tcpSegments(1433), unfinished(tcp(POD, PEERS_POD, 64, 2866)));
    assertThat(host.tun.read()).hasSize(1473);
    assertThat(host.count(Reason.SEND_TOO_BIG)).isEqualTo(1);
  }

  @Test
  void aForgottenPeerGetsItsPacketsByUserSpace() {
    host.fastPath.peers(Map.of());
    fallsThrough(Reason.SEND_NO_PEER, udp(POD, PEERS_POD, 64, 10));
  }

  /** Rules by mark must not lead the outer packet astray. */
  @Test
  void theMarkOfThePacketStaysInside() {
    host.host.sh("ip rule add fwmark 7 lookup 99 pref 10");
    host.host.sh("ip route add 192.0.2.0/24 via 192.0.2.3 dev eth0 table 99");
    host.host.sh("ip route add 10.5.0.0/16 dev flannel0 table 99");
    host.host.sh("nft add table ip t");
    host.host.sh("nft 'add chain ip t c { type filter hook prerouting priority mangle; }'");
    host.host.sh("nft add rule ip t c meta mark set 7");
    host.pods.write(udp(POD, PEERS_POD, 64, 10));
    datagram();
  }
}
