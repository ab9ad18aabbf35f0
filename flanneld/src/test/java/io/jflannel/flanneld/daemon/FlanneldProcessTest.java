// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.Options.LogFormat;
import io.jflannel.flanneld.log.Logging;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be seen from outside of processes that never get as far as the network. */
class FlanneldProcessTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"--version", "-version", "-version=true"})
  void version(String flag) throws Exception { // CLI-8
    try (DaemonProcess flanneld = start(Map.of("FLANNELD_V", "0"), flag)) {
      assertThat(flanneld.awaitExit()).isZero();
      assertThat(flanneld.log()).isEqualTo("dev\n");
    }
  }

  @Test
  void aBadFlagIsAnErrorWithUsage() throws Exception { // ODD-1
    try (DaemonProcess flanneld = start(Map.of(), "--nosuch")) {
      assertThat(flanneld.awaitExit()).isEqualTo(2);
      assertThat(flanneld.log())
          .startsWith(
              "flag provided but not defined: -nosuch\nUsage: flanneld [OPTION]...\n  -bridge-");
    }
  }

  @Test
  void aMarginOutOfRangeIsLogged() throws Exception { // CLI-9
    try (DaemonProcess flanneld = start(Map.of(), "-subnet-lease-renew-margin=0")) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).startsWith("E").contains("subnet-lease-renew-margin");
    }
  }

  @Test
  void aPasswordIsInNoLog() throws Exception { // ODD-3, P37
    try (DaemonProcess flanneld =
        start(
            Map.of("FLANNELD_ETCD_PASSWORD", "sesame"),
            "--etcd-endpoints=http://joe:sesame@127.0.0.1:1",
            "--etcd-username=joe",
            "--v=9",
            file())) {
      flanneld.awaitLog("(asking again each second)");
      Path status = directory.resolve("n/status.json");
      await().until(() -> Files.exists(status));
      flanneld.signal("TERM");

      assertThat(flanneld.awaitExit()).isZero();
      assertThat(flanneld.log()).doesNotContain("sesame");
      assertThat(status).content().contains("etcd-username").doesNotContain("sesame");
    }
  }

  @Test
  void aMissingConfigurationIsExplainedAndWaitedFor() throws Exception { // P12, LIF-3
    try (DaemonProcess flanneld = start(Map.of(), store(), file())) {
      flanneld.awaitLog("there is no network configuration: " + directory.resolve("store/config"));
      assertThat(flanneld.log()).contains("To set it: mkdir -p " + directory.resolve("store"));
      Path status = directory.resolve("n/status.json");
      await()
          .untilAsserted(
              () -> assertThat(status).content().contains("start-up: there is no network"));

      writeConfig("{\"EnableIPv4\":false}"); // NET-4

      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("EnableIPv4 is false and EnableIPv6 is not true");
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM,0", "INT,0", "HUP,129"})
  void aSignalWhileWaitingForTheConfiguration(String signal, int status) throws Exception {
    try (DaemonProcess flanneld = start(Map.of(), store(), file())) {
      flanneld.awaitLog("(asking again each second)");

      flanneld.signal(signal);

      assertThat(flanneld.awaitExit()).isEqualTo(status); // LIF-3, LIF-17
      assertThat(directory.resolve("n/subnet.env")).doesNotExist();
    }
  }

  @Test
  void sigquitDumpsThreadsAndTheDaemonGoesOn() throws Exception {
    try (DaemonProcess flanneld = start(Map.of(), store(), file())) {
      flanneld.awaitLog("(asking again each second)");

      flanneld.signal("QUIT");

      flanneld.awaitLog("Full thread dump");
      flanneld.signal("TERM");
      assertThat(flanneld.awaitExit()).isZero();
    }
  }

  @Test
  void withoutTheRightToChangeTheNetworkItEndsAtOnceAndSaysWhatIsMissing() throws Exception {
    List<String> asDockerStartsIt =
        List.of("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");
    try (DaemonProcess flanneld =
        DaemonProcess.start(
            asDockerStartsIt,
            Flanneld.class,
            directory.resolve("log"),
            Map.of(),
            store(),
            file())) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains("needs CAP_NET_ADMIN", "run it as root", "--cap-add=NET_ADMIN")
          .doesNotContain("EPERM")
          .hasLineCount(1);
    }
    assertThat(directory.resolve("n")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"subnet-file", "status-file"})
  void aDirectoryWhereAFileShallBeEndsTheStart(String flag) throws Exception {
    try (DaemonProcess flanneld = start(Map.of(), store(), file(), "--" + flag + "=" + directory)) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains("Invalid " + flag + " option: " + directory + " is a directory");
    }
    assertThat(directory.resolve("store")).doesNotExist();
  }

  @Test
  void aLocalStoreThatIsAFileEndsTheStart() throws Exception {
    Files.writeString(directory.resolve("store"), "{}");
    try (DaemonProcess flanneld = start(Map.of(), store(), file())) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains(
              "Invalid local-store option: " + directory.resolve("store") + " is no directory");
    }
  }

  @Test
  void aSecondDaemonOnTheSameFileIsRefused() throws Exception {
    try (DaemonProcess first = start(Map.of(), store(), file())) {
      first.awaitLog("(asking again each second)");
      try (DaemonProcess second =
          DaemonProcess.here(directory.resolve("log2"), Map.of(), store(), file())) {
        assertThat(second.awaitExit()).isEqualTo(1);
        assertThat(second.log()).contains("is in use by process " + first.pid());
      }
    }
  }

  @Test
  void anUnknownBackendEndsTheStart() throws Exception { // NET-3
    writeConfig("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"nosuch\"}}");
    try (DaemonProcess flanneld = start(Map.of(), store(), file(), "--iface=127.0.0.1")) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("unknown backend type: \"nosuch\"");
    }
  }

  @Test
  void noInterfaceEndsTheStart() throws Exception {
    writeConfig("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
    try (DaemonProcess flanneld = start(Map.of(), store(), file(), "--iface=nosuch0")) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains("--iface=nosuch0: there is no interface of that name; interfaces of this host:")
          .contains("lo 127.0.0.1");
    }
  }

  @Test
  void hostGwBehindNatEndsTheStart() throws Exception {
    writeConfig("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}");
    try (DaemonProcess flanneld =
        start(Map.of(), store(), file(), "--iface=127.0.0.1", "--public-ip=192.0.2.1")) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log()).contains("does not work behind NAT");
    }
  }

  @Test
  void aHealthPortInUseEndsTheStart() throws Exception { // ODD-51
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        DaemonProcess flanneld =
            start(
                Map.of(),
                store(),
                file(),
                "--healthz-ip=127.0.0.1",
                "--healthz-port=" + taken.getLocalPort())) {
      assertThat(flanneld.awaitExit()).isEqualTo(1);
      assertThat(flanneld.log())
          .contains("health server: cannot listen on 127.0.0.1:" + taken.getLocalPort());
    }
  }

  @Test
  void systemdLearnsWhatStartUpWaitsFor() throws Exception {
    try (NotifyReceiver systemd = new NotifyReceiver(directory.resolve("notify"));
        DaemonProcess flanneld = start(Map.of("NOTIFY_SOCKET", systemd.path()), store(), file())) {
      flanneld.awaitLog("(asking again each second)");

      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() ->
              assertThat(systemd.received())
                  .first()
                  .asString()
                  .startsWith("STATUS=start-up: there is no network configuration")
                  .contains("\nEXTEND_TIMEOUT_USEC="));
    }
  }

  @Test
  void aSecondSignalEndsAtOnce() throws Exception { // LIF-17
    try (DaemonProcess stubborn =
        DaemonProcess.start(List.of(), Stubborn.class, directory.resolve("log"), Map.of())) {
      stubborn.awaitLog("waiting");
      stubborn.signal("TERM");
      stubborn.awaitLog("interrupted");

      stubborn.signal("TERM");

      assertThat(stubborn.awaitExit()).isEqualTo(143);
    }
  }

  @Test
  void whatDoesNotEndIsLeftBehind() throws Exception {
    try (DaemonProcess stubborn =
        DaemonProcess.start(List.of(), Stubborn.class, directory.resolve("log"), Map.of())) {
      stubborn.awaitLog("waiting");

      stubborn.signal("TERM");

      assertThat(stubborn.awaitExit()).isZero();
      assertThat(stubborn.log()).contains("Not everything has ended within 5 s");
    }
  }

  @Test
  void aThreadThatDiesIsLoggedAndABrokenJvmEnds() throws Exception {
    try (DaemonProcess careless =
        DaemonProcess.start(List.of(), Careless.class, directory.resolve("log"), Map.of())) {
      assertThat(careless.awaitExit()).isEqualTo(1);
      assertThat(careless.log())
          .containsPattern("(?m)^E.* Unexpected end of VirtualThread.*dies")
          .containsSubsequence("IllegalStateException: boom", "goes on")
          .containsPattern("(?m)^E.* Unexpected end of Thread.*breaks")
          .contains("OutOfMemoryError: made up");
    }
  }

  /** Lets threads die. */
  static final class Careless {
    public static void main(String[] args) throws InterruptedException {
      Logging.start(LogFormat.KLOG, 0);
      Shutdown.install();
      Thread.ofVirtual()
          .name("dies")
          .start(() -> {
            throw new IllegalStateException("boom");
          })
          .join();
      System.out.println("goes on");
      Thread.ofPlatform()
          .name("breaks")
          .start(() -> {
            throw new OutOfMemoryError("made up");
          });
      Thread.sleep(Duration.ofDays(1));
    }
  }

  /** Does not end when interrupted. */
  static final class Stubborn {
    public static void main(String[] args) {
      Logging.start(LogFormat.KLOG, 0);
      Shutdown.install();
      System.out.println("waiting");
      while (true) {
        try {
          Thread.sleep(Duration.ofDays(1));
        } catch (InterruptedException e) {
          System.out.println("interrupted");
        }
      }
    }
  }

  private DaemonProcess start(Map<String, String> environment, String... flags) throws IOException {
    return DaemonProcess.here(directory.resolve("log"), environment, flags);
  }

  private String store() {
    return "--local-store=" + directory.resolve("store");
  }

  private String file() {
    return "--subnet-file=" + directory.resolve("n/subnet.env");
  }

  private void writeConfig(String config) throws IOException {
    Path store = Files.createDirectories(directory.resolve("store"));
    Path prepared = Files.writeString(store.resolve("new"), config);
    Files.move(prepared, store.resolve("config"));
  }
}
