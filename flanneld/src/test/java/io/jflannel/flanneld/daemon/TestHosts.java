// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Hosts as network namespaces, {@code eth0} each, on one bridge. */
final class TestHosts implements AutoCloseable {

  private static final String PREFIX = "jfd" + ProcessHandle.current().pid();

  private final List<String> names = new ArrayList<>();

  /** Hosts 1 to {@code count}: 10.77.0.1/24 and so on. */
  TestHosts(int count) throws IOException, InterruptedException {
    demandRoot();
    try {
      create(PREFIX + "u");
      ip(PREFIX + "u", "link add br0 type bridge");
      ip(PREFIX + "u", "link set br0 up");
      for (int i = 1; i <= count; i++) {
        String name = name(i);
        create(name);
        ip(name, "link set lo up");
        ip(name, "link add eth0 type veth peer name p" + i + " netns " + PREFIX + "u");
        ip(PREFIX + "u", "link set p" + i + " master br0 up");
        ip(name, "addr add 10.77.0." + i + "/24 dev eth0");
        ip(name, "link set eth0 up");
      }
    } catch (IOException | RuntimeException | InterruptedException | Error e) {
      close();
      throw e;
    }
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

  private void create(String name) throws IOException, InterruptedException {
    names.add(name);
    run(List.of("ip", "netns", "add", name));
  }

  static String name(int host) {
    return PREFIX + "h" + host;
  }

  /** {@code ip -n <host> <words>}; returns what it printed. */
  static String onHost(int host, String words) throws IOException, InterruptedException {
    return ip(name(host), words);
  }

  private static String ip(String namespace, String words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
    command.addAll(List.of(words.split(" ")));
    return run(command);
  }

  /** Runs a command; its status must be 0. */
  static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  @Override
  public void close() {
    for (String name : names) {
      try {
        new ProcessBuilder("ip", "netns", "del", name).start().waitFor();
      } catch (IOException e) {
        throw new AssertionError("cannot delete namespace " + name, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
