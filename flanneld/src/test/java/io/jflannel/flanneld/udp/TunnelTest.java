// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Real packets between two namespaces. */
class TunnelTest {

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void packetsOfAllSizesPassBothWays(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, path);
        Tunnel second = hosts.tunnel(2, path)) {
      assertThat(first.datapath()).hasToString(path.name().toLowerCase(Locale.ROOT));
      assertThat(first.device()).isEqualTo("flannel0");
      for (int size : new int[] {0, 1, 56, 1444, 1445, 20_000}) {
        assertThat(hosts.in(1, "ping -c2 -i0.01 -W2 -s %d 10.5.2.0".formatted(size)))
            .contains(" 0% packet loss");
      }
      assertThat(hosts.in(1, "ping -c1 -W2 -M do -s 1444 10.5.2.0")).contains(" 0% packet loss");
      assertThat(first.counters().sent().packets()).isGreaterThan(12);
      assertThat(second.counters().received().packets())
          .isEqualTo(first.counters().sent().packets());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1500,OFFLOAD,OFFLOAD", "1500,BATCH,BATCH", "1500,SINGLE,SINGLE",
    "1500,OFFLOAD,BATCH", "1500,OFFLOAD,SINGLE", "1500,BATCH,SINGLE",
    "9000,OFFLOAD,OFFLOAD", "9000,BATCH,SINGLE", "9000,OFFLOAD,SINGLE"
  })
  void tcpAndUdpPassBetweenAllPaths(int mtu, Datapath one, Datapath other) throws Exception {
    try (TwoHosts hosts = new TwoHosts(mtu);
        Tunnel first = hosts.tunnel(1, one);
        Tunnel second = hosts.tunnel(2, other)) {
      // 20 MB/s at the least: losing every hundredth packet would not do
      assertThat(number(hosts.iperf("-J -n 40M"), "bits_per_second")).isGreaterThan(160e6);
      assertThat(number(hosts.iperf("-J -n 40M -R"), "bits_per_second")).isGreaterThan(160e6);
      for (int size : new int[] {16, 333, 1444, 8000}) {
        int rate = 5000 * 8 * size;
        String report = hosts.iperf("-J -u -b %d -k 2000 -l %d".formatted(rate, size));
        assertThat(number(report, "out_of_order")).isZero();
      }
      assertAllArrived(first, second);
      assertAllArrived(second, first);
    }
  }

  /** The last such number of a report, which is the receiver's. */
  private static double number(String report, String name) {
    Matcher matcher = Pattern.compile('"' + name + "\":\\s*([-+.0-9e]+)").matcher(report);
    String last = "missing: " + name;
    while (matcher.find()) {
      last = matcher.group(1);
    }
    return Double.parseDouble(last);
  }

  /** Queues before and behind the tunnel may overflow, but it loses nothing. */
  private static void assertAllArrived(Tunnel from, Tunnel to) {
    await().until(() -> to.counters().received().packets() == from.counters().sent().packets());
    assertThat(to.counters().received().bytes()).isEqualTo(from.counters().sent().bytes());
    assertNothingWrong(to.counters());
  }

  private static void assertNothingWrong(TunnelCounters counters) {
    Map<Verdict, Long> drops = new HashMap<>(counters.drops());
    drops.remove(Verdict.NOT_IPV4); // router solicitations of the own kernel
    assertThat(drops.values()).containsOnly(0L);
  }

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void itsEndIsNoDrop(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500)) {
      Tunnel tunnel = hosts.tunnel(1, path);
      tunnel.close();
      assertNothingWrong(tunnel.counters());
    }
  }

  @Test // a lease whose public address lies in its own subnet
  void aPeerBehindTheTunnelDoesNotFeedIt() throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel tunnel = hosts.tunnel(1, Datapath.OFFLOAD)) {
      tunnel.forward(ForwardingTable.of(Map.of(Cidr.parse("10.5.7.0/24"), Ip.parse("10.5.7.1"))));

      hosts.at(1, () -> send("10.5.7.9", 53, new byte[10]));

      await().until(() -> tunnel.counters().drops().getOrDefault(Verdict.NO_ROUTE, 0L) == 1);
      assertThat(tunnel.counters().sent().packets()).isEqualTo(1);
    }
  }

  @Test
  void thereIsNoWayWithoutRoute() throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, Datapath.OFFLOAD);
        Tunnel second = hosts.tunnel(2, Datapath.SINGLE)) {
      for (Tunnel tunnel : new Tunnel[] {first, second}) {
        tunnel.forward(ForwardingTable.EMPTY);
      }
      for (int host = 1; host <= 2; host++) {
        Tunnel tunnel = host == 1 ? first : second;
        // the source is the TUN's own address (6.6), which the kernel takes for a martian otherwise
        String accept = "echo 1 >/proc/sys/net/ipv4/conf/flannel0/accept_local";
        hosts.in(host, "sh -c '" + accept + "'");
        hosts.at(host, () -> send(TwoHosts.inner(3), 53, new byte[10]));
        await().until(() -> tunnel.counters().unreachable() == 1);
        assertThat(tunnel.counters().drops()).containsEntry(Verdict.NO_ROUTE, 1L);
        int here = host;
        await().until(() -> unreachables(hosts, here) == 1);
      }
    }
  }

  /** What a host's kernel has accepted of such ICMP messages (InDestUnreachs). */
  private static int unreachables(TwoHosts hosts, int host) {
    String counts = hosts.in(host, "cat /proc/net/snmp");
    Matcher matcher = Pattern.compile("Icmp: [0-9]+ [0-9]+ [0-9]+ ([0-9]+)").matcher(counts);
    assertThat(matcher.find()).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private static boolean send(String to, int port, byte[] data) throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(new DatagramPacket(data, data.length, InetAddress.getByName(to), port));
    }
    return true;
  }

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void whatIsWrongIsDroppedAndCounted(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, path)) {
      byte[] six = new byte[40];
      six[0] = 0x60;
      byte[] cut = new byte[30];
      cut[0] = 0x45;
      cut[3] = 60;
      byte[] none = new byte[20];
      none[0] = 0x45;
      for (byte[] wrong : new byte[][] {new byte[0], six, cut, none}) {
        hosts.at(2, () -> send("192.0.2.1", TwoHosts.PORT, wrong));
      }
      await().until(() -> first.counters().dropped(Verdict.TRUNCATED) == 2);
      await().until(() -> first.counters().dropped(Verdict.MALFORMED) == 1);
      first.forward(ForwardingTable.EMPTY);
      hosts.at(2, () -> send("192.0.2.1", TwoHosts.PORT, none));
      await().until(() -> first.counters().dropped(Verdict.UNKNOWN_SENDER) == 1);
      assertThat(first.counters().received().packets()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Datapath.class)
  void aDeletedDeviceIsToldAndReplaced(Datapath path) throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel second = hosts.tunnel(2, path)) {
      TunnelCounters before;
      try (Tunnel first = hosts.tunnel(1, path)) {
        AtomicInteger told = new AtomicInteger();
        first.onLost(told::incrementAndGet);
        hosts.in(1, "ping -c1 -W2 10.5.2.0");
        hosts.in(1, "ip link del flannel0");
        await().atMost(Duration.ofSeconds(1)).until(first::lost);
        await().until(() -> told.get() == 1);
        assertThat(first.failure()).isEmpty();
        before = first.counters();
      }
      assertThat(before.sent().packets()).isEqualTo(1);
      TunnelSetup setup = hosts.setup(1, Optional.of(path));
      try (Tunnel again = hosts.at(1, () -> Tunnel.open(setup, before))) {
        hosts.bringUp(1, again.device());
        again.forward(ForwardingTable.of(Map.of(TwoHosts.subnet(2), TwoHosts.address(2))));
        again.start();
        hosts.in(1, "ping -c1 -W2 10.5.2.0");
        assertThat(again.counters().sent().packets()).isEqualTo(2);
        assertThat(second.lost()).isFalse();
      }
    }
  }

  @Test
  void aDeviceThatIsDownLosesPacketsOnlyMeanwhile() throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, Datapath.OFFLOAD);
        Tunnel second = hosts.tunnel(2, Datapath.OFFLOAD)) {
      hosts.in(2, "ip link set flannel0 down");
      hosts.in(1, "sh -c 'ping -c1 -W0.1 10.5.2.0 || true'");
      await().until(() -> second.counters().dropped(Verdict.WRITE_REFUSED) == 1);
      hosts.in(2, "ip link set flannel0 up");
      hosts.in(2, "ip route add 10.5.0.0/16 dev flannel0");
      hosts.in(1, "ping -c1 -W2 10.5.2.0");
      assertThat(first.lost() || second.lost()).isFalse();
    }
  }

  @Test
  void aTakenNameIsLeftToItsOwner() throws Exception {
    try (TwoHosts hosts = new TwoHosts(1500)) {
      hosts.in(1, "ip link add flannel0 type bridge");
      TunnelSetup wish = hosts.setup(1, Optional.empty());
      TunnelSetup exact =
          new TunnelSetup(
              "flannel0",
              wish.local(),
              wish.port(),
              wish.network(),
              wish.subnet(),
              wish.mtu(),
              wish.datapath());
      try (Tunnel tunnel = hosts.at(1, () -> Tunnel.open(exact))) {
        assertThat(tunnel.device()).isEqualTo("flannel1");
      }
    }
  }

  /** As many as 10,000 peers; the one that is used is swapped while it is. */
  @Test
  void theTableIsSwappedUnderTraffic() throws Exception {
    Map<Cidr, Ip> many = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      many.put(new Cidr(Ip.v4(0x0a060000 + (i << 8)), 24), Ip.v4(0xac100001 + i));
    }
    many.put(TwoHosts.subnet(2), TwoHosts.address(2));
    ForwardingTable large = ForwardingTable.of(many);
    ForwardingTable small = ForwardingTable.of(Map.of(TwoHosts.subnet(2), TwoHosts.address(2)));
    try (TwoHosts hosts = new TwoHosts(1500);
        Tunnel first = hosts.tunnel(1, Datapath.OFFLOAD);
        Tunnel second = hosts.tunnel(2, Datapath.OFFLOAD)) {
      AtomicInteger swaps = new AtomicInteger();
      Thread swapper =
          Thread.ofPlatform()
              .start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                  first.forward(swaps.incrementAndGet() % 2 == 0 ? large : small);
                }
              });
      String report = hosts.in(1, "ping -c200 -i0.002 -W2 10.5.2.0");
      swapper.interrupt();
      swapper.join();
      assertThat(report).contains(" 0% packet loss");
      assertThat(swaps.get()).isGreaterThan(100);
      assertNothingWrong(second.counters());
    }
  }
}
