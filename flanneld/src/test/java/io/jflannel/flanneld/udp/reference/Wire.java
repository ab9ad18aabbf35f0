// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Hosts 1 to n, namespaces with {@code eth0} at 10.77.0.N/24, on a bridge in a namespace of its
 * own.
 *
 * <pre>
 *   host 1, eth0 ── p1 ┐
 *                      ├ br0        what is sent to host N leaves pN in single datagrams, whatever
 *   host N, eth0 ── pN ┘            the hosts offload: so it is there that one listens
 * </pre>
 */
public final class Wire implements AutoCloseable {

  /** Whether the hosts' {@code eth0} segments, merges and sums, as a good network card does. */
  public enum Offloads {
    ON,
    OFF
  }

  private static final AtomicInteger MADE = new AtomicInteger();

  private final String prefix = "jfr" + ProcessHandle.current().pid() + "-" + MADE.addAndGet(1);
  private final List<String> namespaces = new ArrayList<>();
  private final List<Capture> captures = new ArrayList<>();

  /** A running record of datagrams. */
  private record Capture(Process process, Path file) {}

  /** Made with one MTU everywhere. */
  public Wire(int hosts, int mtu, Offloads offloads) throws InterruptedException {
    Commands.require("ip", "ethtool", "dumpcap");
    try {
      create(bridge());
      Commands.run("ip -n " + bridge() + " link add br0 mtu " + mtu + " type bridge");
      Commands.run("ip -n " + bridge() + " link set br0 up");
      for (int host = 1; host <= hosts; host++) {
        attach(host, mtu, offloads);
      }
    } catch (RuntimeException | InterruptedException | Error e) {
      close();
      throw e;
    }
  }

  private void attach(int host, int mtu, Offloads offloads) throws InterruptedException {
    String name = host(host);
    String port = "p" + host;
    create(name);
    Commands.run(
        "ip -n %s link add eth0 mtu %d type veth peer name %s mtu %d netns %s"
            .formatted(name, mtu, port, mtu, bridge()));
    Commands.in(bridge(), "ethtool -K " + port + " tso off gso off tx off");
    if (offloads == Offloads.OFF) {
      Commands.in(name, "ethtool -K eth0 tso off gso off tx off gro off");
    } else {
      Commands.in(name, "ethtool -K eth0 gro on");
    }
    Commands.run("ip -n " + bridge() + " link set " + port + " master br0 up");
    Commands.run("ip -n " + name + " link set lo up");
    Commands.run("ip -n " + name + " addr add " + address(host) + "/24 dev eth0");
    Commands.run("ip -n " + name + " link set eth0 up");
  }

  private void create(String name) throws InterruptedException {
    Commands.run("ip netns add " + name);
    namespaces.add(name);
  }

  private String bridge() {
    return prefix + "-w";
  }

  /** The namespace of a host. */
  public String host(int host) {
    return prefix + "-" + host;
  }

  /** Its address on the wire. */
  public static String address(int host) {
    return "10.77.0." + host;
  }

  /** Records the datagrams of port 8285 that are sent to a host, until {@link #endCaptures}. */
  public void capture(int host, Path file) {
    Path errors = file.resolveSibling(file.getFileName() + ".log");
    String filter = "udp port 8285 and dst host " + address(host);
    List<String> command =
        List.of("dumpcap", "-q", "-B", "64", "-i", "p" + host, "-f", filter, "-w", file.toString());
    Process process = Commands.start(bridge(), errors, command);
    captures.add(new Capture(process, file));
    await("a capture").atMost(10, TimeUnit.SECONDS).until(() -> isUnderWay(process, errors));
  }

  private static boolean isUnderWay(Process process, Path errors) {
    try {
      String said = Files.readString(errors);
      if (!process.isAlive()) {
        throw new IllegalStateException("dumpcap ended: " + said);
      }
      return said.contains("File: ");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends all that run and returns their files, in the order of their beginnings. */
  public List<Path> endCaptures() throws InterruptedException {
    for (Capture capture : captures) {
      awaitDrained(capture.file);
      capture.process.destroy();
      capture.process.waitFor();
    }
    List<Path> files = captures.stream().map(Capture::file).toList();
    captures.clear();
    return files;
  }

  /** Dumpcap reads what the kernel holds for it at least each 250 ms, and forgets the rest. */
  private static void awaitDrained(Path file) {
    AtomicLong last = new AtomicLong(-1);
    await("the end of the traffic")
        .atMost(20, TimeUnit.SECONDS)
        .during(700, TimeUnit.MILLISECONDS)
        .until(() -> {
          long size = Files.size(file);
          return last.getAndSet(size) == size;
        });
  }

  @Override
  public void close() {
    captures.forEach(capture -> capture.process.destroyForcibly().onExit().join());
    for (String name : namespaces.reversed()) {
      try {
        new ProcessBuilder("ip", "netns", "del", name).start().onExit().join();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
