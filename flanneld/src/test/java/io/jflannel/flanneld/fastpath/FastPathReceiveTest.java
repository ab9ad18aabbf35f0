// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Packets.behind;
import static io.jflannel.flanneld.fastpath.Packets.framed;
import static io.jflannel.flanneld.fastpath.Packets.hopped;
import static io.jflannel.flanneld.fastpath.Packets.isTransportRight;
import static io.jflannel.flanneld.fastpath.Packets.tcp;
import static io.jflannel.flanneld.fastpath.Packets.tunnelled;
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
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the underlay receives: to the pods as inner packets, or to the UDP socket. */
final class FastPathReceiveTest {

  private static final String HERE = "192.0.2.1";
  private static final String PEER = "192.0.2.2";
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

  private static byte[] inner() {
    return udp(PEERS_POD, POD, 62, 100);
  }

  private void isReceived(byte[] outer) {
    Traffic before = host.fastPath.counters().received();
    host.underlay.write(framed(outer));
    byte[] inner = behind(28, outer);
    assertThat(host.pods.read()).isEqualTo(hopped(inner, 2));
    assertThat(host.fastPath.counters().received())
        .isEqualTo(new Traffic(before.packets() + 1, before.bytes() + inner.length));
    assertThat(host.tun.isQuiet()).isTrue();
  }

  /** Arrives at the socket as the sender has sent it. */
  private void fallsThrough(Reason reason, byte[] outer) throws IOException {
    long before = host.count(reason);
    host.underlay.write(framed(outer));
    int length = ByteBuffer.wrap(outer).getShort(24) - 8;
    assertThat(host.received()).isEqualTo(Arrays.copyOfRange(outer, 28, 28 + length));
    assertThat(host.count(reason)).isEqualTo(before + 1);
    assertThat(host.pods.isQuiet()).isTrue();
  }

  private void fallsThroughWithInner(Reason reason, byte[] inner) throws IOException {
    fallsThrough(reason, tunnelled(PEER, HERE, inner));
  }

  private static byte[] changed(byte[] packet, int at, int value) {
    byte[] copy = packet.clone();
    copy[at] = (byte) value;
    return copy;
  }

  /** The receiver's end of the tunnel takes one from the TTL, the stack another one. */
  @Test
  void aPeersPacketGoesToThePods() {
    for (int data : new int[] {0, 1, 2, 17, 1000, 1444}) {
      isReceived(tunnelled(PEER, HERE, udp(PEERS_POD, POD, 62, data)));
    }
    isReceived(tunnelled("192.0.2.3", HERE, udp("10.5.3.1", POD, 3, 5)));
  }

  @Test
  void aBadInnerChecksumStaysBad() {
    byte[] inner = changed(inner(), 100, 77);
    assertThat(isTransportRight(inner)).isFalse();
    isReceived(tunnelled(PEER, HERE, inner));
  }

  /** RFC 1624: a sum of zero has two forms, and the second must carry when it grows. */
  @Test
  void aHeaderChecksumOfMinusZeroIsPatchedRightly() {
    byte[] inner = inner();
    ByteBuffer header = ByteBuffer.wrap(inner);
    for (int id = 0; header.getShort(10) != 0; id++) {
      header.putShort(4, (short) id);
      withHeaderChecksum(inner);
    }
    header.putShort(10, (short) 0xffff);
    isReceived(tunnelled(PEER, HERE, inner));
  }

  /** As virtio and veth hand over what the sender's pod left to the hardware. */
  @Test
  void anUnfinishedInnerChecksumIsFinishedOnTheWayToThePod() {
    byte[] inner = tcp(PEERS_POD, POD, 62, 900);
    host.underlay.write(
        Offload.checksum(14 + 28 + 20, 16), framed(tunnelled(PEER, HERE, unfinished(inner))));
    assertThat(host.pods.read()).isEqualTo(hopped(inner, 2));
  }

  /** As network cards deliver: behind the Ethernet header nothing is at hand. */
  @Test
  void headersInOtherPiecesOfMemoryAreFound() {
    byte[] inner = udp(PEERS_POD, POD, 62, 6000);
    host.underlay.write(new Offload(0, 0, 14, 0, 0, 0), framed(tunnelled(PEER, HERE, inner)));
    assertThat(host.pods.read()).isEqualTo(hopped(inner, 2));
    assertThat(host.fastPath.counters().received().packets()).isEqualTo(1);
  }

  /** None of ours sends them; unwrapped, the stack would not know where to cut. */
  @Test
  void superPacketsOfUdpAreLeftToTheStack() {
    byte[] inner = unfinished(udp(PEERS_POD, POD, 62, 3000));
    host.underlay.write(
        new Offload(1, 5, 14 + 28 + 28, 1000, 14 + 28 + 20, 6),
        framed(tunnelled(PEER, HERE, inner)));
    assertThat(host.count(Reason.RECEIVE_NOT_TCP)).isEqualTo(1);
    assertThat(host.pods.isQuiet()).isTrue();
  }

  /** It decides by our lease alone, and what it has left unfinished user space could not finish. */
  @Test
  void whatAPeerSendsIsTakenWhereNothingMayBeSentToIt() throws IOException {
    host.fastPath.peers(Map.of(Cidr.parse("10.5.2.0/24"), new FastPeer(Ip.parse(PEER), false)));
    isReceived(tunnelled(PEER, HERE, inner()));
  }

  @Test
  void strangersAndImpostorsFallThrough() throws IOException {
    fallsThrough(Reason.RECEIVE_SPOOFED, tunnelled("192.0.2.77", HERE, inner()));
    fallsThroughWithInner(Reason.RECEIVE_SPOOFED, udp("10.5.3.1", POD, 62, 10));
    fallsThroughWithInner(Reason.RECEIVE_NO_PEER, udp("10.5.77.1", POD, 62, 10));
    fallsThroughWithInner(Reason.RECEIVE_NO_PEER, udp("10.6.2.1", POD, 62, 10));
    fallsThroughWithInner(Reason.RECEIVE_NO_PEER, udp(POD, POD, 62, 10));
    fallsThroughWithInner(Reason.RECEIVE_OUTSIDE, udp(PEERS_POD, "10.6.1.7", 62, 10));
    fallsThroughWithInner(Reason.RECEIVE_OUTSIDE, udp(PEERS_POD, PEER, 62, 10));
    host.fastPath.peers(Map.of());
    fallsThroughWithInner(Reason.RECEIVE_NO_PEER, inner());
  }

  @Test
  void expiringPacketsFallThrough() throws IOException {
    fallsThroughWithInner(Reason.RECEIVE_EXPIRED, udp(PEERS_POD, POD, 1, 10));
    fallsThroughWithInner(Reason.RECEIVE_EXPIRED, udp(PEERS_POD, POD, 0, 10));
  }

  @Test
  void malformedInnerPacketsFallThrough() throws IOException {
    Reason malformed = Reason.RECEIVE_MALFORMED;
    fallsThroughWithInner(malformed, changed(inner(), 0, 0x65)); // IPv6
    fallsThroughWithInner(malformed, changed(inner(), 0, 0x46)); // options
    fallsThroughWithInner(malformed, changed(inner(), 0, 0x44));
    fallsThroughWithInner(malformed, changed(inner(), 3, 127)); // one less than there is
    fallsThroughWithInner(malformed, changed(inner(), 3, 129));
    fallsThroughWithInner(malformed, changed(inner(), 2, 0x80));
  }

  @Test
  void malformedDatagramsFallThrough() throws IOException {
    Reason malformed = Reason.RECEIVE_MALFORMED;
    byte[] outer = tunnelled(PEER, HERE, inner());
    byte[] trailing = Arrays.copyOf(outer, outer.length + 3);
    fallsThrough(malformed, trailing);
    fallsThrough(malformed, changed(outer, 20, 1)); // source port
    fallsThrough(malformed, changed(outer, 25, outer.length - 20 - 4)); // UDP length
  }

  /** User space verifies it; kernel senders of ours write none. */
  @Test
  void aDatagramWithChecksumFallsThrough() throws IOException {
    byte[] inner = udp(PEERS_POD, POD, 62, 100);
    byte[] outer = udp(PEER, HERE, 64, inner.length);
    System.arraycopy(inner, 0, outer, 28, inner.length);
    ByteBuffer.wrap(outer).putShort(20, (short) 8285).putShort(22, (short) 8285);
    fallsThrough(Reason.RECEIVE_CHECKSUM, Packets.withUdpChecksum(outer));
  }

  @Test
  void shortDatagramsReachTheSocketUncounted() throws IOException {
    Map<Reason, Long> before = host.fastPath.counters().others();
    for (int length : new int[] {0, 1, 19}) {
      host.underlay.write(framed(tunnelled(PEER, HERE, Arrays.copyOf(inner(), length))));
      assertThat(host.received()).hasSize(length);
    }
    assertThat(host.fastPath.counters().others()).isEqualTo(before);
  }

  @Test
  void fragmentsAreForTheStackToJoin() throws IOException {
    byte[] outer = tunnelled(PEER, HERE, inner());
    byte[] first = Arrays.copyOf(outer, 20 + 64);
    first[6] = 0x20;
    first[3] = 84;
    byte[] second = Arrays.copyOf(outer, outer.length - 64);
    System.arraycopy(outer, 84, second, 20, outer.length - 84);
    second[7] = 8;
    second[3] = (byte) second.length;
    host.underlay.write(framed(withHeaderChecksum(first)));
    host.underlay.write(framed(withHeaderChecksum(second)));
    assertThat(host.received()).isEqualTo(inner());
  }

  /** Neither the pods nor the socket get them: the stack drops them. */
  @Test
  void whatTheStackWouldDropIsNotTaken() {
    byte[] good = tunnelled(PEER, HERE, inner());
    byte[] badChecksum = changed(good, 10, good[10] + 1);
    host.underlay.write(framed(badChecksum));
    byte[] toAnotherHost = framed(good);
    toAnotherHost[5] = 0x55;
    host.underlay.write(toAnotherHost);
    byte[] vlan = HexFormat.of().parseHex("020000000001020000000002810000050800");
    byte[] tagged = ByteBuffer.allocate(vlan.length + good.length).put(vlan).put(good).array();
    host.underlay.write(tagged);
    assertThat(host.fastPath.counters().received().packets()).isZero();
    assertThat(host.count(Reason.RECEIVE_MALFORMED)).isEqualTo(1); // the checksum
    isReceived(good);
    assertThat(host.pods.isQuiet()).isTrue();
  }

  @Test
  void otherTrafficOfTheHostIsLeftAlone() {
    byte[] echo = Packets.ip(PEER, HERE, 64, 1, HexFormat.of().parseHex("0800f7ff00000000"));
    host.underlay.write(framed(echo));
    byte[] reply = host.underlay.read();
    assertThat(reply[14 + 20]).as("echo reply").isZero();
    assertThat(host.fastPath.counters().others().values()).allMatch(count -> count == 0);
  }
}
