// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * 24 peers of the backend udp send at once, more than the machine carries, while peers leave and
 * join. For the minute that docs/performance.md tells of: {@code -Dcrowd.seconds=60
 * -Djflannel.flanneld=.build/HASH/bin/flanneld}.
 */
class CrowdEndToEndTest {

  private static final int PEERS = 24;
  private static final int LEAVERS = 8;
  private static final Duration LOAD = Duration.ofSeconds(Integer.getInteger("crowd.seconds", 10));
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long KIB = 1024;

  /**
   * What the status and the leases leave in a heap that is seldom collected; no leak by packets.
   */
  private static final long MOST_GROWTH = 32 * KIB;

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("bridge");
  }

  @Test
  void onlyWhatTheQueuesCannotHoldIsLost() throws Exception {
    LabSpec one = LabSpec.of(LabBackend.UDP, LabFamilies.IPV4, LabStore.LOCAL).withNodes(1);
    try (Lab lab = Lab.start(one);
        Crowd crowd = new Crowd(lab, PEERS)) {
      Node node = lab.node(1);
      for (Crowd.Peer peer : crowd.peers()) {
        peer.join();
      }
      Convergence.await(node, PEERS);
      double restBefore = cpuPercent(node, Duration.ofSeconds(2));
      long residentBefore = resident(node);
      crowd.send();
      Residence residence = churn(node, crowd);
      crowd.stop();
      assertNothingIsLostButInQueues(node, crowd);
      // veth queues by processor, so a thread that changes its processor overtakes its own packets
      assertThat(crowd.reordered()).isLessThan(1 + crowd.arrived() / 10_000);
      System.out.printf(
          "RSS %d MB before, %d to %d MB in the second half of the load%n",
          residentBefore / KIB, residence.least / KIB, residence.most / KIB);
      assertThat(residence.most - residence.least).isLessThan(MOST_GROWTH);
      Await.until("rest", PATIENCE, () -> cpuPercent(node, Duration.ofSeconds(1)) < restBefore + 2);
      System.out.printf(
          "CPU at rest: %.1f %% of a core before, %.1f %% after%n",
          restBefore, cpuPercent(node, Duration.ofSeconds(2)));
      Convergence.await(node, PEERS);
    }
  }

  /** The resident set, in KiB, over the second half of the load. */
  private record Residence(long least, long most) {
    Residence with(long now) {
      return new Residence(Math.min(least, now), Math.max(most, now));
    }
  }

  /** One leaves and the one that left first joins: its packets must arrive before the next does. */
  private static Residence churn(Node node, Crowd crowd) throws Exception {
    Deque<Crowd.Peer> away = new ArrayDeque<>();
    Residence residence = new Residence(Long.MAX_VALUE, 0);
    long start = System.nanoTime();
    Duration cpu = ProcessCpu.of(node.daemonPid());
    int joined = 0;
    for (int turn = 0; System.nanoTime() - start < LOAD.toNanos(); turn++) {
      Crowd.Peer leaver = crowd.peers().get(turn % LEAVERS);
      if (away.size() == LEAVERS / 2) {
        Crowd.Peer back = away.removeFirst();
        long before = back.arrived();
        back.join();
        Await.until("packets of who joins", PATIENCE, () -> back.arrived() > before);
        joined++;
      }
      leaver.leave();
      away.addLast(leaver);
      if (System.nanoTime() - start > LOAD.toNanos() / 2) {
        residence = residence.with(resident(node));
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        "%d peers sent %.0f packets/s for %.0f s, %d joined meanwhile; the node used %.0f %% of a core%n",
        PEERS,
        crowd.sent() / seconds,
        seconds,
        joined,
        ProcessCpu.of(node.daemonPid()).minus(cpu).toNanos() / seconds / 1e7);
    for (Crowd.Peer peer : away) {
      peer.join();
    }
    return residence;
  }

  /** Each datagram is where the kernel or the tunnel has counted it. */
  private static void assertNothingIsLostButInQueues(Node node, Crowd crowd) throws Exception {
    Await.until("end of the queues", PATIENCE, () -> tunnelHas(node) == received(node));
    long full = udp(node.namespace(), "RcvbufErrors");
    long backlog = droppedOnArrival(node);
    long strangers = told(node, "drops", "unknown_sender");
    long carried = told(node, "received", "packets");
    long containerFull = udp(node.containerNamespace(), "RcvbufErrors");
    System.out.printf(
        "sent %d: carried %d, of peers without a lease %d; lost: socket's queue full %d, link's %d%n"
            + "arrived %d (%d out of order), container's queue full %d%n",
        crowd.sent(),
        carried,
        strangers,
        full,
        backlog,
        crowd.arrived(),
        crowd.reordered(),
        containerFull);
    assertThat(crowd.sent() - full - tunnelHas(node)).isBetween(0L, backlog);
    assertThat(udp(node.namespace(), "InErrors")).isEqualTo(full);
    assertThat(tunnelHas(node)).isEqualTo(carried + strangers); // no other reason to drop
    Await.until(
        "all that was carried in the container",
        PATIENCE,
        () -> crowd.arrived() + udp(node.containerNamespace(), "RcvbufErrors") >= carried);
  }

  /** Datagrams that the tunnel's socket has given it. */
  private static long received(Node node) {
    return udp(node.namespace(), "InDatagrams");
  }

  /** Datagrams that the tunnel has counted. */
  private static long tunnelHas(Node node) {
    long dropped =
        node.status()
            .flatMap(status -> Convergence.at(status.document(), "tunnel", "drops"))
            .map(drops -> drops instanceof Json.Obj object ? sum(object) : 0)
            .orElse(0L);
    return told(node, "received", "packets") + dropped;
  }

  /** IPv6 that the own kernel emits is none of the peers'. */
  private static long sum(Json.Obj counts) {
    return counts.members().stream()
        .filter(count -> !count.name().equals("not_ipv4"))
        .mapToLong(count -> Long.parseLong(count.value().text()))
        .sum();
  }

  private static long told(Node node, String part, String name) {
    return node.status()
        .flatMap(status -> Convergence.at(status.document(), "tunnel", part, name))
        .map(count -> Long.parseLong(count.text()))
        .orElse(0L);
  }

  /** Of /proc/net/snmp: a line of names, then one of numbers. */
  private static long udp(String namespace, String name) {
    List<String> lines =
        cat(namespace, "/proc/net/snmp").lines().filter(line -> line.startsWith("Udp:")).toList();
    int column = List.of(lines.get(0).split(" ", -1)).indexOf(name);
    return Long.parseLong(lines.get(1).split(" ", -1)[column]);
  }

  /** Of /proc/net/dev: the fourth number, what found the processor's queue full. */
  private static long droppedOnArrival(Node node) {
    return cat(node.namespace(), "/proc/net/dev")
        .lines()
        .map(line -> line.strip().split("[: ]+", -1))
        .filter(fields -> fields[0].equals("eth0"))
        .mapToLong(fields -> Long.parseLong(fields[4]))
        .sum();
  }

  private static String cat(String namespace, String file) {
    try {
      return Commands.exec(Commands.inNetwork(namespace, List.of("cat", file)));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** KiB. */
  private static long resident(Node node) throws IOException {
    Path status = Path.of("/proc", Long.toString(node.daemonPid()), "status");
    return Files.readString(status)
        .lines()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  private static double cpuPercent(Node node, Duration window) {
    try {
      Duration before = ProcessCpu.of(node.daemonPid());
      long end = System.nanoTime() + window.toNanos();
      Await.until("end", window.plus(window), () -> System.nanoTime() > end);
      Duration used = ProcessCpu.of(node.daemonPid()).minus(before);
      return 100.0 * used.toNanos() / window.toNanos();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
