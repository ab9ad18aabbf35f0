// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P27: containers open connections to the outside while the daemon comes and goes. */
class EgressTest {

  private static final int RESTARTS = 50;
  private static final int PORT = 7_000;

  /**
   * What went out without masquerade gets no answer however often it is repeated: its connection is
   * tracked. A busy machine may take a second.
   */
  private static final int PATIENCE_MILLIS = 5_000;

  private static final int BACKLOG = 4_000;

  @TempDir Path directory;
  private Site site;
  private String pod = "";

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, 1);
    pod = Site.node(1) + "p";
    site.writeSubnetFile("n1", "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\n");
    Shell.run(
        Site.node(1),
        """
        echo 1 >/proc/sys/net/ipv4/ip_forward
        ip netns add %1$s
        ip link add eth0 netns %1$s type veth peer name pod
        ip link set pod up
        ip addr add 10.244.1.1/24 dev pod
        ip -n %1$s link set eth0 up
        ip -n %1$s addr add 10.244.1.2/24 dev eth0
        ip -n %1$s route add default via 10.244.1.1
        """
            .formatted(pod));
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
    new ProcessBuilder("ip", "netns", "del", pod).start().onExit().join();
  }

  private DaemonProcess start(int restart) throws Exception {
    boolean nftables = restart % 2 == 1; // the engine is switched each time, too
    site.etcd()
        .put(
            "/g/config",
            "{\"Network\":\"10.244.0.0/16\",\"EnableNFTables\":%s,\"Backend\":{\"Type\":\"vxlan\"}}"
                .formatted(nftables));
    return site.flanneld(1, "--ip-masq", "--iptables-mode=nft");
  }

  @Test
  void noConnectionFails() throws Exception {
    AtomicLong opened = new AtomicLong();
    ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    try (ServerSocket server = server();
        NetworkNamespace container = NetworkNamespace.named(pod)) {
      Thread.ofPlatform().daemon().start(() -> acceptAll(server));
      DaemonProcess daemon = start(0);
      daemon.awaitReady();
      Thread client = container.start("client", () -> connect(opened, failures));
      for (int restart = 1; restart <= RESTARTS; restart++) {
        daemon.signal(restart % 2 == 0 ? "TERM" : "KILL");
        daemon.awaitExit();
        daemon.close();
        daemon = start(restart);
        daemon.awaitReady();
        if (restart == 6) { // a repair opens no gap either
          Shell.run(
              Site.node(1), "iptables-nft -t nat -I FLANNEL-POSTRTG 2 -s 192.0.2.0/24 -j ACCEPT");
          await()
              .atMost(Duration.ofSeconds(10))
              .until(
                  () -> !Shell.run(Site.node(1), "iptables-nft -t nat -S").contains("192.0.2.0"));
        }
      }
      client.interrupt();
      client.join();
      daemon.close();
    }

    assertThat(failures).isEmpty();
    assertThat(opened.get()).isGreaterThan(1_000);
  }

  /** The outside knows no way back into the overlay: what is not masqueraded gets no answer. */
  private static ServerSocket server() throws Exception {
    try (NetworkNamespace outside = NetworkNamespace.named(Site.underlay())) {
      return outside.run(() -> new ServerSocket(PORT, BACKLOG));
    }
  }

  private static void acceptAll(ServerSocket server) {
    try {
      while (true) {
        server.accept().close();
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private static void connect(AtomicLong opened, ConcurrentLinkedQueue<String> failures) {
    while (!Thread.currentThread().isInterrupted()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress("10.77.0.254", PORT), PATIENCE_MILLIS);
        opened.incrementAndGet();
      } catch (IOException e) {
        failures.add("after " + opened.get() + ": " + e);
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}
