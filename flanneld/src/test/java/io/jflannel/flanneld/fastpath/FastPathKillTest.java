// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static io.jflannel.flanneld.fastpath.Packets.framed;
import static io.jflannel.flanneld.fastpath.Packets.tunnelled;
import static io.jflannel.flanneld.fastpath.Packets.udp;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.net.Ip;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** ADR 6: nothing of the fast path outlives its process, however that ends. */
final class FastPathKillTest {

  @Test
  void aKilledProcessLeavesEverythingToUserSpace() throws IOException, InterruptedException {
    try (OneHost host = new OneHost()) {
      host.fastPath.close();
      Process holder = start(host);
      try {
        byte[] out = udp("10.5.1.7", "10.5.2.9", 64, 10);
        host.pods.write(out);
        assertThat(host.underlay.read()).hasSize(14 + 28 + 38);

        holder.destroyForcibly().onExit().join();

        host.pods.write(out);
        assertThat(host.tun.read()).hasSize(38);
        byte[] in = udp("10.5.2.9", "10.5.1.7", 62, 10);
        host.underlay.write(framed(tunnelled("192.0.2.2", "192.0.2.1", in)));
        assertThat(host.received()).isEqualTo(in);
      } finally {
        holder.destroyForcibly().onExit().join();
      }
    }
  }

  private static Process start(OneHost host) throws IOException {
    FastPathSetup setup = host.setup();
    Process holder =
        host.host.run(() ->
            new ProcessBuilder(
                    Path.of(property("java.home"), "bin/java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    property("java.class.path"),
                    Holder.class.getName(),
                    Integer.toString(setup.tunIndex()),
                    Integer.toString(setup.underlayIndex()))
                .redirectErrorStream(true)
                .start());
    var output = new BufferedReader(new InputStreamReader(holder.getInputStream(), UTF_8));
    assertThat(output.readLine()).isEqualTo("attached");
    return holder;
  }

  private static String property(String name) {
    return Objects.requireNonNull(System.getProperty(name));
  }

  /** A process that has attached the programs and waits for its end. */
  static final class Holder {

    private Holder() {}

    public static void main(String[] args) throws IOException {
      FastPathSetup setup =
          new FastPathSetup(
              Integer.parseInt(args[0]),
              Integer.parseInt(args[1]),
              Ip.parse("192.0.2.1"),
              8285,
              OneHost.NETWORK,
              OneHost.SUBNET,
              OneHost.MTU);
      try (FastPath fastPath = FastPath.attach(setup)) {
        fastPath.peers(OneHost.PEERS);
        System.out.println("attached");
        int end = System.in.read();
        assertThat(end).isEqualTo(-1);
      }
    }
  }
}
