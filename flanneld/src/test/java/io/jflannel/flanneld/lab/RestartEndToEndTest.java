// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.net.Family;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All daemons of a network are killed, then started, then stopped in order, then started, while
 * containers talk: not a packet is lost, and who comes back changes nothing in the kernel.
 */
class RestartEndToEndTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Pattern MOVED = Pattern.compile("sec +[1-9][0-9.]* [KM]?Bytes");

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab();
  }

  /** How a daemon ends. */
  private enum End {
    KILLED,
    STOPPED
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UDP") // UdpEndToEndTest
  void daemonsComeAndGoWithoutALostPacketOrAWrite(LabBackend backend) throws Exception { // LIF-19
    int nodes = backend == LabBackend.VXLAN_DIRECT ? 3 : 2; // the third behind a router
    var spec = LabSpec.of(backend, LabFamilies.DUAL, LabStore.LOCAL).withNodes(nodes);
    try (Lab lab = Lab.start(spec)) {
      Convergence.await(lab);
      List<Traffic> traffic = traffic(lab);
      Child tcp = tcp(lab);
      List<KernelMonitor> monitors = new ArrayList<>();
      for (Node node : lab.nodes()) {
        monitors.add(KernelMonitor.start(lab, node));
      }
      List<String> files = subnetFiles(lab);

      for (End end : End.values()) {
        for (Node node : lab.nodes()) {
          end(node, end);
        }
        flows(traffic, tcp);
        unchanged(monitors, "all daemons " + end);

        List<Integer> logged = lab.nodes().stream().map(n -> n.daemonLog().length()).toList();
        lab.nodes().forEach(Node::startDaemon);
        Convergence.await(lab);
        flows(traffic, tcp);
        unchanged(monitors, "all daemons " + end + " and started");
        assertThat(subnetFiles(lab)).isEqualTo(files);
        for (Node node : lab.nodes()) { // who wrote what was there already would say so
          assertThat(node.daemonLog().substring(logged.get(node.number() - 1)))
              .contains("flannel is ready")
              .doesNotContain("Network brought up to date", "Repaired", "First sweep");
        }
      }
      assertThat(traffic).flatExtracting(Traffic::lost).isEmpty();
    }
  }

  private static List<Traffic> traffic(Lab lab) throws InterruptedException {
    List<Traffic> traffic = new ArrayList<>();
    Node first = lab.node(1);
    for (Node other : lab.nodes().subList(1, lab.nodes().size())) {
      for (Family family : Family.values()) {
        traffic.add(Traffic.start(first, other, family));
        traffic.add(Traffic.start(other, first, family));
      }
    }
    return traffic;
  }

  private static Child tcp(Lab lab) {
    Node last = lab.nodes().getLast();
    return lab.node(1)
        .beside(
            "tcp",
            "iperf3",
            "--client=" + last.containerAddress(Family.V4),
            "--bitrate=5M",
            "--time=0",
            "--interval=0.2",
            "--forceflush");
  }

  private static void end(Node node, End end) throws InterruptedException {
    switch (end) {
      case KILLED -> node.killDaemon();
      case STOPPED -> assertThat(node.stopDaemon()).isZero(); // LIF-17
    }
  }

  private static void flows(List<Traffic> traffic, Child tcp) throws InterruptedException {
    for (Traffic pings : traffic) {
      pings.awaitMore();
    }
    long before = moved(tcp);
    Await.until(
        "bytes over TCP",
        PATIENCE,
        () -> {
          tcp.mustBeAlive();
          return moved(tcp) > before + 1; // the next interval may have begun before
        });
  }

  /** Intervals in which bytes were sent. */
  private static long moved(Child tcp) {
    return MOVED.matcher(tcp.log()).results().count();
  }

  private static void unchanged(List<KernelMonitor> monitors, String after)
      throws InterruptedException {
    for (KernelMonitor monitor : monitors) {
      assertThat(monitor.changes()).as(after).isEmpty();
    }
  }

  private static List<String> subnetFiles(Lab lab) throws Exception {
    List<String> files = new ArrayList<>();
    for (Node node : lab.nodes()) {
      files.add(Files.readString(node.subnetFilePath()));
    }
    return files;
  }
}
