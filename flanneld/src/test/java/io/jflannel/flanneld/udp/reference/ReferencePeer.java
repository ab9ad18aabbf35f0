// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.udp.reference;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A peer that does what upstream's proxy does (backends.md 6.5, 6.6), packet by packet: {@code
 * bench/src/main/c/naiveproxy.c}, compiled here. Its TUN device has the MTU 28 below the wire's,
 * the subnet's first address and a route to 10.5.0.0/16.
 */
public final class ReferencePeer implements AutoCloseable {

  /** The flannel network of the tests. */
  public static final String NETWORK = "10.5.0.0/16";

  /** Outer IPv4 and UDP headers. */
  public static final int OVERHEAD = 28;

  private static final Path SOURCE = Path.of("../bench/src/main/c/naiveproxy.c");
  private static final int PORT = 8285;

  private final Process process;
  private final String device;

  private ReferencePeer(Process process, String device) {
    this.process = process;
    this.device = device;
  }

  /**
   * Compiles and starts one on a host.
   *
   * @param directory for the program and its output
   * @param mtu of the wire
   * @param tunAddress network address of the host's subnet
   */
  public static ReferencePeer start(Path directory, Wire wire, int host, int mtu, String tunAddress)
      throws InterruptedException {
    Path program = compiled(directory);
    Process process =
        Commands.start(
            wire.host(host),
            directory.resolve("reference" + host + ".log"),
            List.of(
                program.toString(),
                Wire.address(host),
                Integer.toString(PORT),
                Integer.toString(mtu - OVERHEAD),
                tunAddress));
    try {
      String device = deviceOf(process.inputReader(UTF_8));
      String ip = "ip -n " + wire.host(host) + " ";
      Commands.run(ip + "addr add " + tunAddress + "/32 dev " + device);
      Commands.run(ip + "link set " + device + " mtu " + (mtu - OVERHEAD) + " up");
      Commands.run(ip + "route add " + NETWORK + " dev " + device);
      return new ReferencePeer(process, device);
    } catch (RuntimeException | InterruptedException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static String deviceOf(BufferedReader output) {
    try {
      String device = output.readLine();
      if (device == null) {
        throw new IllegalStateException("the reference peer ended: see its log");
      }
      return device;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path compiled(Path directory) throws InterruptedException {
    Commands.require("cc");
    Path program = directory.resolve("naiveproxy");
    if (!Files.exists(program)) {
      Commands.run("cc -O2 -Wall -Wextra -Werror -o " + program + " " + SOURCE);
    }
    return program;
  }

  /** The name of its TUN device. */
  public String device() {
    return device;
  }

  /** Sends a subnet's packets, {@code 10.5.2.0/24}, to a host of the wire from now on. */
  public void route(String subnet, int host) {
    tell("set " + subnet.replace('/', ' ') + " " + Wire.address(host));
  }

  /** Knows the subnet no more. */
  public void deleteRoute(String subnet) {
    tell("delete " + subnet.replace('/', ' '));
  }

  private void tell(String command) {
    try {
      process.outputWriter(UTF_8).append(command).append('\n').flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
