// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Packets.framed;
import static io.jflannel.flanneld.fastpath.Packets.tunnelled;
import static io.jflannel.flanneld.fastpath.Packets.udp;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Attaching, changing peers, losing a device, closing. */
final class FastPathLifeTest {

  private OneHost host;

  @BeforeEach
  void setUp() throws IOException {
    host = new OneHost();
  }

  @AfterEach
  void tearDown() {
    host.close();
  }

  @Test
  void aClosedOneLeavesEverythingToUserSpace() throws IOException {
    host.fastPath.close();
    byte[] inner = udp("10.5.2.9", "10.5.1.7", 62, 100);
    host.underlay.write(framed(tunnelled("192.0.2.2", "192.0.2.1", inner)));
    assertThat(host.received()).isEqualTo(inner);
    host.pods.write(udp("10.5.1.7", "10.5.2.9", 64, 100));
    assertThat(host.tun.read()).hasSize(128);
  }

  @Test
  void nothingStaysOpen() throws IOException {
    host.fastPath.close();
    long before = descriptors();
    host.host.run(() -> {
      FastPath again = FastPath.attach(host.setup());
      assertThat(descriptors()).isEqualTo(before + 4);
      again.close();
      again.close();
      return again;
    });
    assertThat(descriptors()).isEqualTo(before);
  }

  @Test
  void aFailedStartLeavesNothing() throws IOException {
    host.fastPath.close();
    long before = descriptors();
    FastPathSetup setup = host.setup();
    FastPathSetup lost =
        new FastPathSetup(
            4711,
            setup.underlayIndex(),
            setup.local(),
            8285,
            setup.network(),
            setup.subnet(),
            setup.mtu());
    assertThatThrownBy(() -> host.host.run(() -> FastPath.attach(lost)))
        .hasMessageContaining("flannel_out to interface 4711: ENODEV");
    assertThat(descriptors()).isEqualTo(before);
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(FastPathLifeTest::isBpf).count();
    }
  }

  private static boolean isBpf(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("bpf");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @Test
  void aLostDeviceIsNoticed() {
    assertThat(host.fastPath.attached()).isTrue();
    host.host.sh("ip link del flannel0");
    assertThat(host.fastPath.attached()).isFalse();
    host.fastPath.close();
  }

  @Test
  void aLostUnderlayIsNoticed() {
    host.underlay.close();
    assertThat(host.fastPath.attached()).isFalse();
  }

  @Test
  void devicesWithoutEthernetFramesAreRefused() {
    for (String device : new String[] {"pods", "lo"}) {
      FastPathSetup setup = host.setup();
      FastPathSetup onDevice =
          new FastPathSetup(
              setup.tunIndex(),
              host.host.index(device),
              setup.local(),
              8285,
              setup.network(),
              setup.subnet(),
              setup.mtu());
      assertThatThrownBy(() -> host.host.run(() -> FastPath.attach(onDevice)))
          .hasMessageContaining("EOPNOTSUPP (" + device + " has no Ethernet frames");
    }
  }

  @Test
  void aSetupIsForIpv4() {
    Cidr network = Cidr.parse("10.5.0.0/16");
    assertThatThrownBy(() -> new FastPathSetup(1, 2, Ip.parse("::1"), 8285, network, network, 1472))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> new FastPathSetup(1, 2, Ip.parse("1.2.3.4"), 0, network, network, 1472))
        .hasMessageContaining("port 0");
  }

  @Test
  void changesAreTheDifference() {
    Cidr one = Cidr.parse("10.5.1.0/24");
    Cidr two = Cidr.parse("10.5.2.0/24");
    Cidr three = Cidr.parse("10.5.3.0/24");
    FastPeer host1 = OneHost.peer("192.0.2.1");
    FastPeer silent = new FastPeer(host1.host(), false);
    assertThat(
            PeerChanges.between(
                Map.of(one, host1, two, silent), Map.of(one, host1, two, host1, three, host1)))
        .isEqualTo(new PeerChanges(Map.of(two, silent), Set.of(three)));
  }

  /** Ten thousand others come and go; the one that stays never falls back to user space. */
  @Test
  void aKeptPeerIsNeverMissing() throws InterruptedException {
    Map<Cidr, FastPeer> some = new HashMap<>(OneHost.PEERS);
    for (int i = 0; i < 10_000; i++) {
      Ip host = Ip.v4(0xc0000200 + i % 200);
      some.put(new Cidr(Ip.v4(0x0b000000 + (i << 8)), 24), new FastPeer(host, true));
    }
    Map<Cidr, FastPeer> moved =
        some.entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    entry -> new FastPeer(entry.getValue().host().plus(1), false)));
    moved.putAll(OneHost.PEERS);
    AtomicBoolean stop = new AtomicBoolean();
    Thread sender =
        Thread.ofPlatform()
            .start(() -> {
              while (!stop.get()) {
                host.pods.write(udp("10.5.1.7", "10.5.2.9", 64, 100));
              }
            });
    for (int i = 0; i < 5; i++) {
      host.fastPath.peers(some);
      host.fastPath.peers(moved);
      host.fastPath.peers(OneHost.PEERS);
    }
    stop.set(true);
    sender.join();
    assertThat(host.fastPath.counters().sent().packets()).isPositive();
    assertThat(host.count(Reason.SEND_NO_PEER)).isZero();
    assertThat(host.tun.isQuiet()).isTrue();
  }
}
