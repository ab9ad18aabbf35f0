// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp;

import io.jflannel.linux.NetworkNamespace;
import io.jflannel.linux.tun.SystemCalls;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Two hosts on one wire, 192.0.2.1 and .2, with tunnels between 10.5.1.0/24 and 10.5.2.0/24. The
 * hosts are namespaces of this process's own name.
 */
final class TwoHosts implements AutoCloseable {

  static final Cidr NETWORK = Cidr.parse("10.5.0.0/16");
  static final int PORT = 8285;

  private final String prefix = "jfu" + ProcessHandle.current().pid() + "-";
  private final NetworkNamespace first;
  private final NetworkNamespace second;
  private final int mtu;

  /**
   * @param mtu of the wire
   */
  TwoHosts(int mtu) {
    requireRoot();
    this.mtu = mtu;
    first = NetworkNamespace.create(name(1));
    second = NetworkNamespace.create(name(2));
    run(
        "ip link add eth0 netns %s mtu %d type veth peer name eth0 netns %s mtu %d"
            .formatted(name(1), mtu, name(2), mtu));
    for (int host = 1; host <= 2; host++) {
      run("ip -n %s link set lo up".formatted(name(host)));
      run("ip -n %s addr add 192.0.2.%d/24 dev eth0".formatted(name(host), host));
      run("ip -n %s link set eth0 up".formatted(name(host)));
    }
  }

  private static void requireRoot() {
    boolean able = "root".equals(System.getProperty("user.name"));
    if (!able && "1".equals(System.getenv("REQUIRE_ALL"))) {
      throw new AssertionError("needs root for network namespaces");
    }
    Assumptions.assumeTrue(able, "needs root for network namespaces");
  }

  String name(int host) {
    return prefix + host;
  }

  static Ip address(int host) {
    return Ip.parse("192.0.2." + host);
  }

  static Cidr subnet(int host) {
    return Cidr.parse("10.5.%d.0/24".formatted(host));
  }

  /** The TUN's address. */
  static String inner(int host) {
    return "10.5.%d.0".formatted(host);
  }

  TunnelSetup setup(int host, Optional<Datapath> path) {
    return new TunnelSetup("flannel%d", address(host), PORT, NETWORK, subnet(host), mtu - 28, path);
  }

  /** A started tunnel that knows the other host, with address and route. */
  Tunnel tunnel(int host, Datapath path) throws InterruptedException {
    return tunnel(host, Optional.of(path), new SystemCalls());
  }

  Tunnel tunnel(int host, Optional<Datapath> path, SystemCalls calls) throws InterruptedException {
    NetworkNamespace namespace = host == 1 ? first : second;
    Tunnel tunnel = namespace.run(() -> Tunnel.open(calls, setup(host, path), TunnelCounters.ZERO));
    bringUp(host, tunnel.device());
    int other = 3 - host;
    tunnel.forward(ForwardingTable.of(Map.of(subnet(other), address(other))));
    tunnel.start();
    return tunnel;
  }

  /** What the reconcile loop does otherwise. */
  void bringUp(int host, String device) {
    in(host, "ip addr add %s/32 dev %s".formatted(inner(host), device));
    in(host, "ip link set %s mtu %d up".formatted(device, mtu - 28));
    in(host, "ip route add %s dev %s".formatted(NETWORK, device));
  }

  /** The output of a program on a host; the test fails if the program does. */
  String in(int host, String command) {
    return run("ip netns exec " + name(host) + " " + command);
  }

  /**
   * Runs iperf3 against the second host's inner address, to the end.
   *
   * @param arguments of the client, on the first host
   * @return its output
   */
  String iperf(String arguments) {
    requireProgram("iperf3");
    try {
      Process server =
          new ProcessBuilder("ip", "netns", "exec", name(2), "iperf3", "-s", "-1", "--forceflush")
              .redirectErrorStream(true)
              .start();
      try (BufferedReader output = server.inputReader()) {
        String line = output.readLine();
        while (line != null && !line.contains("listening")) {
          line = output.readLine();
        }
        return in(1, "iperf3 -c " + inner(2) + " --connect-timeout 3000 " + arguments);
      } finally {
        server.destroy();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void requireProgram(String name) {
    boolean there =
        Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
    if (!there && "1".equals(System.getenv("REQUIRE_ALL"))) {
      throw new AssertionError("needs " + name);
    }
    Assumptions.assumeTrue(there, "needs " + name);
  }

  /** Runs something in a host's namespace. */
  <T> T at(int host, Callable<T> task) throws InterruptedException {
    return (host == 1 ? first : second).run(task);
  }

  static String run(String command) {
    try {
      Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new AssertionError(command + " failed: " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    first.close();
    second.close();
    NetworkNamespace.delete(name(1));
    NetworkNamespace.delete(name(2));
  }
}
