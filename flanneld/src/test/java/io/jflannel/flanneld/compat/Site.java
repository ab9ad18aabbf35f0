// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.flanneld.daemon.Flanneld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * The set-up of golden G0: nodes 10.77.0.N and fd77::N with {@code eth0} on one bridge, default
 * routes through 10.77.0.254 and fd77::fe, where a real etcd listens (v3 and v2), in a namespace of
 * its own. Everything is made anew for each test.
 */
final class Site implements AutoCloseable {

  static final String ETCD = "http://10.77.0.254:2379";

  private static final String PREFIX = "jfc" + ProcessHandle.current().pid();
  private static final String UNDERLAY = PREFIX + "u";

  private final Path directory;
  private final List<String> namespaces = new ArrayList<>();
  private final List<Runnable> endings = new ArrayList<>();
  private final Etcd etcd;

  /** With nodes 1 to {@code nodes}. */
  Site(Path directory, int nodes) throws Exception {
    demandRoot();
    this.directory = directory;
    try {
      create(UNDERLAY);
      run(List.of("ip", "-n", UNDERLAY, "link", "add", "br0", "type", "bridge"));
      ip(UNDERLAY, "link set lo up");
      ip(UNDERLAY, "addr add 10.77.0.254/24 dev br0");
      ip(UNDERLAY, "addr add fd77::fe/64 dev br0 nodad");
      ip(UNDERLAY, "link set br0 up");
      for (int i = 1; i <= nodes; i++) {
        addNode(i);
      }
      etcd = Etcd.start(UNDERLAY, directory.resolve("etcd"));
      endings.add(etcd::close);
    } catch (Exception | Error e) {
      close();
      throw e;
    }
  }

  private void addNode(int number) throws Exception {
    String node = node(number);
    create(node);
    ip(node, "link set lo up");
    ip(node, "link add eth0 type veth peer name p" + number + " netns " + UNDERLAY);
    ip(UNDERLAY, "link set p" + number + " master br0 up");
    ip(node, "addr add 10.77.0." + number + "/24 dev eth0");
    ip(node, "addr add fd77::" + number + "/64 dev eth0 nodad");
    ip(node, "link set eth0 up");
    ip(node, "route add default via 10.77.0.254");
    ip(node, "-6 route add default via fd77::fe");
  }

  private void create(String namespace) throws Exception {
    run(List.of("ip", "netns", "add", namespace));
    namespaces.add(namespace);
  }

  private static void demandRoot() throws IOException {
    boolean able =
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
            && (Files.exists(Path.of("/sbin/ip")) || Files.exists(Path.of("/usr/sbin/ip")));
    String reason = "needs root and iproute2 to make network namespaces";
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      assertThat(able).as(reason).isTrue();
    }
    if (!able) {
      System.err.println("SKIPPED: " + reason);
    }
    Assumptions.assumeTrue(able, reason);
  }

  /** The namespace of the underlay, where 10.77.0.254 and fd77::fe are. */
  static String underlay() {
    return UNDERLAY;
  }

  static String node(int number) {
    return PREFIX + "n" + number;
  }

  Etcd etcd() {
    return etcd;
  }

  /** Runs {@code ip} on a node; words are separated by single blanks. */
  static String onNode(int node, String words) throws Exception {
    return ip(node(node), words);
  }

  private static String ip(String namespace, String words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
    command.addAll(List.of(words.split(" ", -1)));
    return run(command);
  }

  /** Runs a command on a node and returns what it printed; its status must be 0. */
  static String exec(int node, String words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", node(node)));
    command.addAll(List.of(words.split(" ", -1)));
    return run(command);
  }

  /** Writes a setting of a node. */
  static void sysctl(int node, String path, String value) throws Exception {
    run(
        List.of(
            "ip",
            "netns",
            "exec",
            node(node),
            "sh",
            "-c",
            "echo %s >/proc/sys/%s".formatted(value, path)));
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  /** Starts a program on a node that runs until it is closed; its output goes to a file. */
  Running program(int node, String name, String words) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", node(node)));
    command.addAll(List.of(words.split(" ", -1)));
    Path output = directory.resolve(name);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    Running started = new Running(process, output);
    endings.add(started::close);
    return started;
  }

  /** The daemon on a node with upstream's flags of golden G0. */
  DaemonProcess flanneld(int node, String... more) throws IOException {
    return named(node, "n" + node, more);
  }

  /** One of several on a node: {@code name} is that of its directory. */
  DaemonProcess named(int node, String name, String... more) throws IOException {
    return by(List.of(), node, name, more);
  }

  /** Started by another program, which executes the rest of its command line. */
  DaemonProcess by(List<String> prefix, int node, String name, String... more) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("ip", "netns", "exec", node(node)));
    List<String> flags = new ArrayList<>();
    flags.add("--etcd-endpoints=" + ETCD);
    flags.add("--subnet-file=" + subnetFile(name));
    List<String> given = List.of(more);
    if (given.stream().noneMatch(flag -> flag.startsWith("--etcd-prefix"))) {
      flags.add("--etcd-prefix=/g");
    }
    flags.addAll(given);
    DaemonProcess started =
        DaemonProcess.start(
            command, Flanneld.class, log(name), Map.of(), flags.toArray(String[]::new));
    endings.add(started::close);
    return started;
  }

  Path log(String name) {
    return directory.resolve(name + ".log");
  }

  Path subnetFile(String name) {
    return directory.resolve(name).resolve("subnet.env");
  }

  String status(String name) throws IOException {
    return Files.readString(directory.resolve(name).resolve("status.json"));
  }

  /** What a former run has left: fixes the subnet. */
  void writeSubnetFile(String name, String text) throws IOException {
    Files.createDirectories(directory.resolve(name));
    Files.writeString(subnetFile(name), text);
  }

  @Override
  public void close() throws IOException {
    endings.reversed().forEach(Runnable::run);
    for (String namespace : namespaces.reversed()) {
      new ProcessBuilder("ip", "netns", "del", namespace).start().onExit().join();
    }
  }

  /** A program and its output. */
  record Running(Process process, Path output) implements AutoCloseable {

    String text() throws IOException {
      return Files.readString(output);
    }

    /** SIGINT, as Ctrl-C, and its end. */
    void interrupt() throws IOException, InterruptedException {
      run(List.of("kill", "-INT", Long.toString(process.pid())));
      assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
      process.destroyForcibly().onExit().join();
    }
  }
}
