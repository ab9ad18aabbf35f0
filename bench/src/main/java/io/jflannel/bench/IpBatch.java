// SPDX-License-Identifier: Apache-2.0
package io.jflannel.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The reference: iproute2's {@code ip -batch} and {@code bridge -batch} programming the same peers,
 * entry by entry, on a host of its own.
 */
final class IpBatch {

  private static final String TIMED =
      "TIMEFORMAT='cpu %3U %3S'; time { ip -batch neighbours_routes && bridge -batch fdb; }";

  private IpBatch() {}

  /** User and system time of both commands, in milliseconds (getrusage(2) by way of bash). */
  static long cpuMillis(Peers peers, int count) throws InterruptedException {
    try (Host host = Host.create("ref")) {
      if (peers.isVxlan()) {
        addDevice(host);
      }
      write(host.directory().resolve("neighbours_routes"), count, peer -> ipLines(peers, peer));
      write(host.directory().resolve("fdb"), count, peer -> bridgeLines(peers, peer));
      String output = host.run("bash", "-c", TIMED);
      requireRoutes(host, count);
      return millis(output);
    }
  }

  private static void addDevice(Host host) throws InterruptedException {
    host.run(
        "ip",
        "link",
        "add",
        "flannel.1",
        "type",
        "vxlan",
        "id",
        "1",
        "dev",
        "eth0",
        "local",
        Host.ADDRESS,
        "dstport",
        "8472",
        "nolearning");
    host.run("ip", "address", "add", "10.0.0.0/32", "dev", "flannel.1");
    host.run("ip", "link", "set", "flannel.1", "up");
  }

  static Stream<String> ipLines(Peers peers, int peer) {
    String subnet = Peers.subnet(peer);
    return peers.isVxlan()
        ? Stream.of(
            "neigh replace %s lladdr %s dev flannel.1 nud permanent"
                .formatted(subnet, Peers.mac(peer)),
            "route replace %s/24 via %s dev flannel.1 onlink".formatted(subnet, subnet))
        : Stream.of("route replace %s/24 via %s dev eth0".formatted(subnet, Peers.address(peer)));
  }

  static Stream<String> bridgeLines(Peers peers, int peer) {
    return peers.isVxlan()
        ? Stream.of(
            "fdb replace %s dev flannel.1 dst %s self permanent"
                .formatted(Peers.mac(peer), Peers.address(peer)))
        : Stream.empty();
  }

  private static void requireRoutes(Host host, int count) throws InterruptedException {
    long routes = host.run("ip", "route").lines().filter(line -> line.contains("/24 via")).count();
    if (routes != count) {
      throw new IllegalStateException("the reference programmed " + routes + " of " + count);
    }
  }

  /** The two numbers of the line that bash's {@code time} prints. */
  static long millis(String output) {
    String line = output.lines().filter(text -> text.startsWith("cpu ")).findFirst().orElseThrow();
    return Stream.of(line.split(" ", -1))
        .skip(1)
        .mapToLong(seconds -> Math.round(1000 * Double.parseDouble(seconds)))
        .sum();
  }

  private static void write(Path file, int count, IntFunction<Stream<String>> lines) {
    try {
      Files.writeString(
          file,
          IntStream.range(0, count)
              .mapToObj(lines)
              .flatMap(text -> text)
              .collect(Collectors.joining("\n", "", "\n")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
