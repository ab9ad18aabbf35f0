// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pod's whole life, with real plugins in real namespaces: by the plugin {@code flannel}, and by
 * what real daemons render.
 */
class CniEndToEndTest {

  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);
  private static final String V4 =
      "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";
  private static final String DUAL =
      "{\"EnableIPv6\":true,\"Network\":\"10.42.0.0/16\",\"IPv6Network\":\"fd42::/48\","
          + "\"Backend\":{\"Type\":\"host-gw\"}}";

  @TempDir Path directory;
  private final List<String> pods = new ArrayList<>();
  private TestHosts hosts;

  @BeforeEach
  void prepare() throws IOException, InterruptedException {
    hosts = new TestHosts(2);
    Files.createDirectories(directory.resolve("store"));
    network(V4);
  }

  @AfterEach
  void clean() throws Exception {
    for (String pod : pods) {
      new ProcessBuilder("ip", "netns", "del", pod).start().waitFor();
    }
    hosts.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPodsLifeByThePlugin(boolean dual) throws Exception { // CNI/17.3, 17.4, C1, C2, C5
    network(dual ? DUAL : V4);
    addIpv6();
    try (DaemonProcess one = start(1);
        DaemonProcess two = start(2)) {
      one.awaitReady();
      two.awaitReady();
      CniRuntime here = new CniRuntime(TestHosts.name(1), place(1), template(1));
      CniRuntime there = new CniRuntime(TestHosts.name(2), place(2), template(2));
      String pod = pod(1);
      String other = pod(2);

      Json.Obj result = here.add(pod);
      Json.Obj far = there.add(other);

      assertThat(addresses(result)).hasSize(dual ? 2 : 1);
      addresses(far).forEach(address -> awaitPing(pod, address));
      assertThat(inPod(pod, "link show eth0")).contains("mtu " + mtu(1) + " ");
      assertThat(names(place(1).resolve("data"))).containsExactlyInAnyOrder(pod, pod + ":eth0");
      assertThat(here.check(pod, result)).isEqualTo(new CniRuntime.Ended(0, ""));

      inPod(pod, "addr flush dev eth0");
      CniRuntime.Ended broken = here.check(pod, result);
      here.del(pod, result);
      here.del(pod, result);

      assertThat(broken.status()).isEqualTo(1);
      assertThat(broken.out()).contains("\"code\"");
      assertThat(names(place(1).resolve("data"))).isEmpty();
      assertThat(leases(1)).isEmpty();
      assertThat(inPod(pod, "link")).doesNotContain("eth0");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPodsLifeByTheRenderedConfiguration(boolean dual) throws Exception {
    network(dual ? DUAL : V4);
    addIpv6();
    try (DaemonProcess one = start(1, rendering(1));
        DaemonProcess two = start(2, rendering(2))) {
      one.awaitReady();
      two.awaitReady();
      String ports =
          "portmap={\"portMappings\":[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"tcp\"}]}";
      CniRuntime here =
          new CniRuntime(TestHosts.name(1), place(1), Files.readString(output(1)), ports);
      CniRuntime there = new CniRuntime(TestHosts.name(2), place(2), Files.readString(output(2)));
      String pod = pod(1);
      String other = pod(2);

      Json.Obj result = here.add(pod);
      Json.Obj far = there.add(other);

      assertThat(Files.readString(output(1))).doesNotContain("flannel").contains("portmap");
      assertThat(addresses(result)).hasSize(dual ? 2 : 1);
      addresses(far).forEach(address -> awaitPing(pod, address));
      assertThat(inPod(pod, "link show eth0")).contains("mtu " + mtu(1) + " ");
      assertThat(
              TestHosts.run(
                  List.of("ip", "netns", "exec", TestHosts.name(1), "iptables", "-t", "nat", "-S")))
          .contains("--to-destination " + addresses(result).getFirst() + ":80");
      // without ports: portmap 1.1.1 looks for their rules in the wrong family
      assertThat(
              new CniRuntime(TestHosts.name(1), place(1), Files.readString(output(1)))
                  .check(pod, result))
          .isEqualTo(new CniRuntime.Ended(0, ""));

      here.del(pod, result);
      here.del(pod, result);

      assertThat(leases(1)).isEmpty();
      assertThat(inPod(pod, "link")).doesNotContain("eth0");
    }
  }

  @Test
  void whatIsRenderedFollowsTheNetworkAndItsTemplate() throws Exception {
    try (DaemonProcess flanneld = start(1, rendering(1))) {
      flanneld.awaitReady();
      assertThat(output(1)).content().contains("\"mtu\": 1450");

      TestHosts.onHost(1, "link set eth0 mtu 1400");
      awaitOutput("\"mtu\": 1350");
      Files.delete(output(1));
      awaitOutput("\"mtu\": 1350");
      Files.writeString(templateFile(1), template(1).replace("jfl-test", "renamed"));
      awaitOutput("\"name\": \"renamed\"");

      Files.writeString(templateFile(1), "{\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}");
      awaitStatus("\"ready\":false", "no plugin of it is of type flannel");
      assertThat(output(1)).content().contains("\"name\": \"renamed\"");
      assertThat(flanneld.log()).contains("no plugin of it is of type flannel");
      Files.writeString(templateFile(1), template(1));
      awaitStatus("\"ready\":true", "10-flannel.conflist\",\"state\":\"written\"}");

      flanneld.signal("TERM");

      assertThat(flanneld.awaitExit()).isZero();
      assertThat(output(1)).content().contains("\"name\": \"jfl-test\"");
    }
  }

  @Test
  void afterABootNoPodStartsBeforeTheNetworkWorks() throws Exception {
    Files.createDirectories(output(1).getParent());
    Files.writeString(output(1), "{\"name\":\"old\"}");
    Files.delete(directory.resolve("store/config"));
    try (DaemonProcess flanneld = start(1, rendering(1))) {
      await().atMost(TEN_SECONDS).untilAsserted(() -> assertThat(output(1)).doesNotExist());

      network(V4);
      flanneld.awaitReady();

      assertThat(output(1)).content().contains("\"name\": \"jfl-test\"");
      flanneld.signal("KILL");
      flanneld.awaitExit();
    }
    Files.delete(directory.resolve("store/config"));
    try (DaemonProcess again = start(1, rendering(1))) { // no boot: pods go on
      again.awaitLog("config");
      assertThat(output(1)).content().contains("\"name\": \"jfl-test\"");
    }
  }

  private void network(String config) throws IOException {
    Files.writeString(directory.resolve("store/config"), config);
  }

  private void addIpv6() throws Exception {
    for (int host : new int[] {1, 2}) {
      TestHosts.onHost(host, "addr add fd77::" + host + "/64 dev eth0 nodad");
    }
  }

  private DaemonProcess start(int host, String... more) throws IOException {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "--local-store=" + directory.resolve("store"),
                "--iface=eth0",
                "--subnet-file=" + place(host).resolve("subnet.env")));
    flags.addAll(List.of(more));
    return DaemonProcess.onHost(
        host, directory.resolve("log" + host), flags.toArray(String[]::new));
  }

  private String[] rendering(int host) throws IOException {
    Files.createDirectories(place(host));
    Files.writeString(templateFile(host), template(host));
    return new String[] {"--cni-template=" + templateFile(host), "--cni-output=" + output(host)};
  }

  private Path place(int host) {
    return directory.resolve("n" + host);
  }

  private Path templateFile(int host) {
    return place(host).resolve("cni-conf.json");
  }

  private Path output(int host) {
    return place(host).resolve("net.d/10-flannel.conflist");
  }

  /** The stock manifest's, but for the places of files. */
  private String template(int host) {
    return "{\"name\":\"jfl-test\",\"cniVersion\":\"0.4.0\",\"plugins\":[{\"type\":\"flannel\",\"subnetFile\":\"%1$s/subnet.env\","
            .formatted(place(host))
        + "\"dataDir\":\"%1$s/data\",\"ipam\":{\"dataDir\":\"%1$s/ipam\"},".formatted(place(host))
        + "\"delegate\":{\"hairpinMode\":true,\"isDefaultGateway\":true}},"
        + "{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}]}";
  }

  private String pod(int number) throws Exception {
    String pod = "jfp" + ProcessHandle.current().pid() + "p" + number;
    pods.add(pod);
    TestHosts.run(List.of("ip", "netns", "add", pod));
    return pod;
  }

  private static String inPod(String pod, String words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip", "-n", pod));
    command.addAll(List.of(words.split(" ")));
    return TestHosts.run(command);
  }

  private static void awaitPing(String pod, String address) {
    await()
        .atMost(TEN_SECONDS)
        .ignoreExceptionsInstanceOf(AssertionError.class)
        .untilAsserted(() ->
            TestHosts.run(List.of("ip", "netns", "exec", pod, "ping", "-c1", "-W1", address)));
  }

  private static List<String> addresses(Json.Obj result) {
    return ((Json.Arr) result.member("ips").orElseThrow())
        .items().stream()
            .map(ip -> ((Json.Str) ((Json.Obj) ip).member("address").orElseThrow()).value())
            .map(address -> address.substring(0, address.indexOf('/')))
            .toList();
  }

  private String mtu(int host) throws IOException {
    Matcher line =
        Pattern.compile("FLANNEL_MTU=(\\d+)")
            .matcher(Files.readString(place(host).resolve("subnet.env")));
    assertThat(line.find()).isTrue();
    return line.group(1);
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  /** The addresses that host-local has given away. */
  private List<String> leases(int host) throws IOException {
    return names(place(host).resolve("ipam/jfl-test")).stream()
        .filter(name -> name.matches("[0-9a-f.:]+"))
        .toList();
  }

  private void awaitOutput(String text) {
    await().atMost(TEN_SECONDS).untilAsserted(() -> assertThat(output(1)).content().contains(text));
  }

  private void awaitStatus(String... texts) {
    await()
        .atMost(TEN_SECONDS)
        .untilAsserted(
            () -> assertThat(Files.readString(place(1).resolve("status.json"))).contains(texts));
  }
}
