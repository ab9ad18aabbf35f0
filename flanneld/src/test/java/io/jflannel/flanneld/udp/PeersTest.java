// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.udp.reference.Exchange;
import io.jflannel.flanneld.udp.reference.ReferencePeer;
import io.jflannel.flanneld.udp.reference.Wire;
import io.jflannel.flanneld.udp.reference.WireCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Real packets between real TUN devices, ours and a naive peer's (backends.md 6). */
class PeersTest {

  private static final String SUBNET_1 = "10.5.1.0/24";
  private static final String SUBNET_2 = "10.5.2.0/24";

  @TempDir private Path directory;

  private void exchange(Wire wire, int mtu) throws InterruptedException {
    Exchange exchange = new Exchange(wire.host(1), "10.5.1.0", wire.host(2), "10.5.2.0");
    exchange.awaitAnswer();
    wire.capture(1, directory.resolve("1.pcap"));
    wire.capture(2, directory.resolve("2.pcap"));

    assertThat(exchange.ping(56)).contains("ttl=62"); // one by each side
    exchange.ping(3_000);
    exchange.udp(0, 1, 33, 1_444, 1_472, 5_000, 20_000);
    exchange.tcp(2_000_000);
    exchange.reversed().tcp(2_000_000);
    exchange.reversed().udp(0, 1, 33, 1_444, 1_472, 5_000, 20_000);

    for (Path capture : wire.endCaptures()) {
      WireCheck check = WireCheck.of(capture, mtu);
      assertThat(check.faults()).as(capture.toString()).isEmpty();
      assertThat(check.kinds()).containsKeys("icmp", "udp", "tcp", "fragment");
      assertThat(check.datagrams()).isGreaterThan(2_000_000 / mtu);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "OFFLOAD, 1500, ON", "OFFLOAD, 1500, OFF", "OFFLOAD, 9000, ON", "OFFLOAD, 9000, OFF",
    "BATCH, 1500, ON", "BATCH, 9000, OFF", "SINGLE, 1500, OFF", "SINGLE, 9000, ON"
  })
  void oursAndANaivePeerUnderstandEachOther(Datapath path, int mtu, Wire.Offloads offloads)
      throws InterruptedException {
    try (Wire wire = new Wire(2, mtu, offloads);
        OurPeer ours = new OurPeer(wire, 1, mtu, "10.5.1.0", path);
        ReferencePeer other = ReferencePeer.start(directory, wire, 2, mtu, "10.5.2.0")) {
      ours.route(SUBNET_2, 2);
      other.route(SUBNET_1, 1);
      exchange(wire, mtu);
      assertThat(ours.tunnel().datapath()).isEqualTo(new DatapathInUse(path, List.of()));
      assertThat(ours.tunnel().counters().drops().entrySet())
          .filteredOn(drop -> drop.getValue() > 0)
          .extracting(Map.Entry::getKey)
          .isSubsetOf(Verdict.NOT_IPV4, Verdict.NO_ROUTE);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "OFFLOAD, OFFLOAD, 1500, ON", "OFFLOAD, OFFLOAD, 1500, OFF", "OFFLOAD, OFFLOAD, 9000, ON",
    "OFFLOAD, BATCH, 1500, ON", "SINGLE, OFFLOAD, 9000, OFF", "BATCH, BATCH, 1500, OFF"
  })
  void twoOfOursUnderstandEachOther(Datapath one, Datapath two, int mtu, Wire.Offloads offloads)
      throws InterruptedException {
    try (Wire wire = new Wire(2, mtu, offloads);
        OurPeer first = new OurPeer(wire, 1, mtu, "10.5.1.0", one);
        OurPeer second = new OurPeer(wire, 2, mtu, "10.5.2.0", two)) {
      first.route(SUBNET_2, 2);
      second.route(SUBNET_1, 1);
      exchange(wire, mtu);
    }
  }

  @ParameterizedTest // B28: upstream spins
  @EnumSource
  void aDeletedDeviceIsNoticedAndNothingSpins(Datapath path) throws InterruptedException {
    try (Wire wire = new Wire(1, 1_500, Wire.Offloads.ON);
        OurPeer ours = new OurPeer(wire, 1, 1_500, "10.5.1.0", path)) {
      Run.command("ip -n " + wire.host(1) + " link del " + ours.tunnel().device());
      await().atMost(Duration.ofSeconds(2)).until(() -> ours.tunnel().lost());
      assertThat(ours.losses()).isOne();
    }
  }

  @Test
  void closingIsQuickAndTakesTheDeviceAlong() throws InterruptedException {
    try (Wire wire = new Wire(1, 1_500, Wire.Offloads.ON)) {
      OurPeer ours = new OurPeer(wire, 1, 1_500, "10.5.1.0", Datapath.OFFLOAD);
      long start = System.nanoTime();
      ours.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
      assertThat(Run.command("ip -n " + wire.host(1) + " link")).doesNotContain("flannel");
      assertThat(ours.losses()).isZero();
    }
  }
}
