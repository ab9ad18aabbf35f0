// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.linux.Errno;
import io.jflannel.linux.LinuxException;
import io.jflannel.linux.NetworkNamespace;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Assumptions;

/** A network namespace of a name of this process's own, with programs that run in it. */
final class Host implements AutoCloseable {

  private final String name;
  private final NetworkNamespace namespace;

  Host(String name) {
    this.name = "jff" + ProcessHandle.current().pid() + name;
    this.namespace = created(this.name);
    sh("sysctl -q net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    sh("sysctl -q net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0");
    sh("sysctl -q net.ipv4.conf.default.rp_filter=0");
    sh("ip link set lo up");
  }

  private static NetworkNamespace created(String name) {
    try {
      return NetworkNamespace.create(name);
    } catch (LinuxException e) {
      if (!e.is(Errno.EPERM) || "1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      System.err.println("SKIPPED: needs root for network namespaces: " + e);
      return Assumptions.abort(e.toString());
    }
  }

  String name() {
    return name;
  }

  <T> T run(Callable<T> task) {
    try {
      return namespace.run(task);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The output of a command; fails the test if the command does. */
  String sh(String command) {
    return run(() -> {
      Process process =
          new ProcessBuilder(List.of("sh", "-c", command)).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
      return output;
    });
  }

  /** A program that runs until it is ended, or it ends by itself. */
  Process start(String... command) {
    return run(() ->
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  int index(String device) {
    return Integer.parseInt(sh("ip -o link show " + device).split(":", 2)[0]);
  }

  @Override
  public void close() {
    namespace.close();
    NetworkNamespace.delete(name);
  }
}
