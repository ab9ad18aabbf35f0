// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.process.Await;
import io.jflannel.flanneld.lab.process.Child;
import io.jflannel.flanneld.lab.process.CommandException;
import io.jflannel.flanneld.lab.process.Commands;
import io.jflannel.flanneld.lab.process.Parallel;
import io.jflannel.flanneld.lab.process.RunDirectory;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Docker on flannel as docs/docker.md tells: two dockerds with the options that {@code
 * mk-docker-opts.sh} makes of the subnet files, and what their containers reach.
 */
@Timeout(120)
class DockerEndToEndTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final LabSpec TWO_NODES =
      LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, LabStore.LOCAL).withNodes(2);
  private static final String OUTSIDE = "192.0.2.254";

  /** Of busybox's httpd: the client's address and port, and what it wants. */
  private static final Pattern REQUEST =
      Pattern.compile("^\\[?(?:::ffff:)?([0-9.]+)]?:\\d+: ?url:", Pattern.MULTILINE);

  private String machine = "";
  private Optional<Lab> lab = Optional.empty();

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("dockerd", "docker", "busybox", "iptables", "tar");
  }

  @BeforeEach
  void lookAtTheMachine() throws Exception {
    DockerHost.removeCgroups(); // of a run that was killed
    machine = machine();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    lab.ifPresent(Lab::close);
    DockerHost.removeCgroups();
    assertThat(machine()).isEqualTo(machine);
    String prefix = lab.orElseThrow().directory().getFileName().toString();
    assertThat(DockerHost.cgroups())
        .noneMatch(cgroup -> cgroup.getFileName().toString().startsWith(prefix + "-"));
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(prefix + "/");
    assertThat(ProcessHandle.allProcesses().flatMap(p -> p.info().commandLine().stream()))
        .noneMatch(command -> command.contains(prefix + "/docker"));
  }

  /** What must stay as it is in the machine's own network namespace. */
  private static String machine() throws InterruptedException {
    return Commands.exec(List.of("sh", "-c", "iptables-save; ip6tables-save; ip route; ip rule"))
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.replaceFirst(" \\[\\d+:\\d+]$", "")) // counters
        .collect(Collectors.joining("\n"));
  }

  @Test
  void containersTalkAcrossHostsAndLeaveTheOverlayMasqueraded() throws Exception {
    Lab running = Lab.start(TWO_NODES, "--ip-masq");
    lab = Optional.of(running);
    Child outside = outside(running);
    List<DockerHost> hosts = Parallel.map(running.nodes(), node -> DockerHost.start(running, node));
    DockerHost first = hosts.getFirst();
    DockerHost second = hosts.getLast();
    for (Node node : running.nodes()) {
      assertThat(hosts.get(node.number() - 1).options()).isEqualTo(options(node));
    }

    reach(first, second);
    reach(second, first);
    leaveTheOverlay(running, hosts, outside);
    policyIsDrop(running); // so that it was flanneld's rules that let all this pass

    second.stopDaemon();
    second.startDaemon();
    reach(first, second);
    reach(second, first);
    policyIsDrop(running);
  }

  @Test // docs/migrate.md; ClusterEndToEndTest does the same with containerd
  void itLoadsAndRunsOurImage() throws Exception {
    Optional<String> image = Optional.ofNullable(System.getenv("JFLANNEL_IMAGE"));
    Lab running = Lab.start(TWO_NODES);
    lab = Optional.of(running);
    if (image.isEmpty()) {
      Requirements.missing("JFLANNEL_IMAGE does not name what packaging/image/build has made");
    }
    DockerHost host = DockerHost.start(running, running.nodes().getFirst());

    String loaded = host.docker("load --quiet --input " + image.orElseThrow());

    assertThat(loaded).startsWith("Loaded image: localhost/jflannel:");
    String name = loaded.strip().replace("Loaded image: ", "");
    String version = name.substring(name.lastIndexOf(':') + 1);
    assertThat(host.docker("run --rm --network=none " + name + " --version").strip())
        .isEqualTo(version);
    assertThat(
            host.docker("run --rm --network=none --entrypoint=jflannel " + name + " --version")
                .strip())
        .isEqualTo(version);
  }

  private static String options(Node node) {
    return "DOCKER_NETWORK_OPTIONS=\" --bip=%s --ip-masq=false --mtu=%d\"%n"
        .formatted(node.wiredSubnet().gateways().getFirst(), node.wiredSubnet().mtu());
  }

  private static void policyIsDrop(Lab lab) throws InterruptedException {
    for (Node node : lab.nodes()) {
      assertThat(node.exec("iptables", "-S", "FORWARD")).startsWith("-P FORWARD DROP\n");
    }
  }

  /** Pings, and HTTP in which the server sees the container's own address. */
  private static void reach(DockerHost from, DockerHost to) throws InterruptedException {
    Await.until("ping between containers", PATIENCE, () -> ping(from, to, "56").passed());
    String mtu = from.inContainer("cat", "/sys/class/net/eth0/mtu").output().strip();
    int largest = 1450 - 20 - 8;
    assertThat(ping(from, to, Integer.toString(largest)).output())
        .contains("1 packets transmitted, 1 received");
    assertThat(ping(from, to, Integer.toString(largest + 1)).output())
        .as("one byte more than the MTU, " + mtu)
        .contains("message too long, mtu=1450");
    assertThat(from.get("http://" + to.address() + "/")).isEqualTo(to.page());
    assertThat(clients(to.docker("logs web"))).containsOnly(from.address());
  }

  private static Commands.Result ping(DockerHost from, DockerHost to, String payload) {
    try {
      return from.inContainer(
          "ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", payload, to.address());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  /** A web server on the underlay that knows nothing of the overlay. */
  private static Child outside(Lab lab) throws IOException {
    RunDirectory run = new RunDirectory(lab.directory());
    Files.writeString(run.directory("outside").resolve("index.html"), "from outside\n");
    return Child.start(
        run,
        "outside",
        Commands.inNetwork(
            run.prefix() + "-u",
            List.of(
                "busybox httpd -f -vv -p %s:80 -h %s"
                    .formatted(OUTSIDE, run.file("outside"))
                    .split(" ", -1))));
  }

  private static void leaveTheOverlay(Lab lab, List<DockerHost> hosts, Child outside)
      throws InterruptedException {
    for (DockerHost host : hosts) {
      assertThat(host.get("http://" + OUTSIDE + "/")).isEqualTo("from outside\n");
    }
    assertThat(clients(outside.log()))
        .containsExactlyInAnyOrderElementsOf(
            lab.nodes().stream().map(node -> node.address(Family.V4).toString()).toList());
  }

  private static Set<String> clients(String log) {
    return REQUEST.matcher(log).results().map(match -> match.group(1)).collect(Collectors.toSet());
  }
}
