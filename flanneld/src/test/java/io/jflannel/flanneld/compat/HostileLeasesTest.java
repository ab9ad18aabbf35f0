// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store with 20 good peers among 200 keys and values that are wrong, absurd or hostile
 * (architecture.md, "A lease is untrusted input"; ODD-14, 19, 24, 44, 64, B38, B53).
 */
class HostileLeasesTest {

  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final int GOOD = 20;
  private static final String ESCAPES = "\u001b[2J\u001b]0;owned\u0007\n\rE0101 forged \u009b31m";

  @TempDir Path directory;
  private Site site;

  /** Last key segment to value, of what must be refused. */
  private final Map<String, String> bad = new LinkedHashMap<>();

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, 1);
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
  }

  private static String vxlan(String publicIp, String mac) {
    return """
    {"PublicIP":"%s","PublicIPv6":null,"BackendType":"vxlan",\
    "BackendData":{"VNI":1,"VtepMAC":"%s"}}\
    """
        .formatted(publicIp, mac);
  }

  private static String good(int number) {
    return vxlan("10.77.1." + number, "0a:00:00:00:01:%02x".formatted(number));
  }

  /** Keys that name no subnet, or none that could be a peer's; all with a good value. */
  private void badKeys() {
    Stream.of(
            "garbage",
            "10.244.7.0",
            "10.244.7.0-",
            "10.244.7.0-33",
            "10.244.7.0-32",
            "10.244.7.0--24",
            "10.244.7.0-24x",
            "x10.244.7.0-24",
            "10.244.7.0-024000000000000000",
            "10.244.7.0_24",
            "10.244.7.0/24",
            "10.244.7.0-24&1.2.3.4-24",
            "10.244.7.0-24&fd00::-129",
            "10.244.7.0-24&",
            "10.244.7.0-24/10.244.8.0-24",
            "1.2.3.4-0",
            "0.0.0.0-0",
            "255.255.255.255-31",
            "256.1.1.1-24",
            "010.244.7.0-24",
            "10.245.1.0-24",
            "11.0.0.0-8",
            "10.0.0.0-8",
            "10.244.0.0-16",
            "127.0.0.0-8",
            "224.0.0.0-4",
            "10.244.7.7-24",
            "10.244.1.0-25",
            "10.244.1.128-25",
            "10.244.100.0-23",
            "10.244.100.128-25",
            "0.0.0.0-0&fd00:10:244:7::-64",
            "$(reboot)-24",
            "`id`",
            "a;rm -rf --no-preserve-root",
            "../../../etc/passwd",
            "%s%n%x",
            "{0}{1}",
            "'\"<&>",
            "\u202e42-0.7.442.01",
            ESCAPES,
            "10.244.7.0-24\n",
            " 10.244.7.0-24",
            "x".repeat(4_000))
        .forEach(key -> bad.put(key, good(200)));
  }

  /** Values that cannot be a peer's, under keys of their own. */
  private void badValues() {
    List<String> values =
        new ArrayList<>(
            List.of(
                "",
                "{",
                "null",
                "true",
                "[]",
                "notjson",
                "{}",
                "{\"PublicIP\":null}",
                "{\"PublicIP\":7}",
                "{\"PublicIP\":\"fd77::9\"}",
                "{\"PublicIP\":\"10.77.0.9\"}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"VXLAN\"}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"host-gw\"}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":{}}",
                "{\"PublicIP\":\"10.77.0.9\",\"PublicIPv6\":\"10.77.0.9\",\"BackendType\":\"vxlan\"}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"vxlan\",\"BackendData\":[]}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":1}}",
                good(201) + good(202),
                good(203) + "\u0000",
                "[".repeat(30_000),
                "{\"a\":".repeat(10_000),
                "{\"BackendType\":\"vxlan\",\"PublicIP\":\"" + "1".repeat(50_000) + "\"}",
                good(204).replace("}}", "},\"pad\":\"" + "x".repeat(100 * 1024) + "\"}"),
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"" + "v".repeat(9_000) + "\"}",
                "{\"PublicIP\":\"10.77.0.9\",\"BackendType\":\"\\u001b[2J\\n\\u009b\"}"));
    for (String ip :
        List.of(
            "0.0.0.0",
            "127.0.0.1",
            "127.255.255.255",
            "224.0.0.1",
            "239.1.2.3",
            "255.255.255.255",
            "10.77.0.9/24",
            "010.077.0.9",
            "10.77.0",
            "10.77.0.256",
            " 10.77.0.9",
            "::ffff:10.77.0.9",
            "localhost",
            "$(id)",
            "10.77.0.9;reboot",
            "\\u001b[31m")) {
      values.add(vxlan(ip, "0a:00:00:00:02:02"));
    }
    for (String mac :
        List.of(
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
            "33:33:00:00:00:01",
            "0a:00:00:00:01:01", // a good peer's
            Upstream.mac(1), // our own
            "0a:00:00:00:01",
            "0a:00:00:00:01:01:01",
            "0a:00:00:00:01:0g",
            "0a00.0000.01",
            "nonsense",
            "$(id)",
            "\\u001b[31m\\n")) {
      values.add(vxlan("10.77.9.9", mac));
    }
    for (int i = 0; i < values.size(); i++) {
      bad.put("10.244.%d.0-24".formatted(2 + i), values.get(i));
    }
  }

  /** Up to 200: random bytes by a fixed seed, each as the character of its number. */
  private Map<String, String> noise() {
    var random = new Random(7);
    Map<String, String> noise = new LinkedHashMap<>();
    for (int i = 0; i < 200 - bad.size(); i++) {
      byte[] bytes = new byte[1 + random.nextInt(60)];
      random.nextBytes(bytes);
      String junk = new String(bytes, ISO_8859_1);
      if (i % 2 == 0) {
        noise.put("/g/subnets/\u00ff" + i + junk.replace('/', '.'), good(205));
      } else {
        noise.put("/g/subnets/10.244.200.%d-31".formatted(2 * i), junk);
      }
    }
    return noise;
  }

  @Test
  void goodPeersAreServedAndTheRestIsRefusedAndShown() throws Exception {
    Upstream own = new Upstream(1, false);
    own.makeDevices();
    site.writeSubnetFile("n1", own.subnetFile());
    site.etcd().put("/g/config", Upstream.CONFIG4);
    site.etcd().putLeased(own.key(), own.lease());
    for (int i = 0; i < GOOD; i++) {
      site.etcd().put("/g/subnets/10.244.%d.0-24".formatted(100 + i), good(i + 1));
    }
    badKeys();
    badValues();
    for (var entry : bad.entrySet()) {
      site.etcd().put("/g/subnets/" + entry.getKey(), entry.getValue());
    }
    Map<String, String> noise = noise();
    for (var entry : noise.entrySet()) {
      site.etcd().put(entry.getKey().getBytes(ISO_8859_1), entry.getValue().getBytes(ISO_8859_1));
    }
    assertThat(bad.size() + noise.size()).isEqualTo(200);
    int seen = 200 - (int) bad.keySet().stream().filter(key -> key.contains("/")).count();

    try (DaemonProcess ours = site.flanneld(1)) {
      ours.awaitReady();
      await().atMost(LIMIT).until(() -> Seen.fdb(1, "flannel.1").size() == GOOD);
      await().atMost(LIMIT).untilAsserted(() -> assertThat(refused()).hasSize(seen));

      String entries = Upstream.state(1, false);
      for (int i = 0; i < GOOD; i++) {
        assertThat(entries).contains("\"dst\":\"10.244.%d.0/24\"".formatted(100 + i));
      }
      assertThat(Seen.neighbours(1, "flannel.1")).hasSize(GOOD);
      assertThat(Seen.routes(1, "onlink")).hasSize(GOOD);

      site.etcd().put("/g/subnets/10.244.99.0-24", good(99)); // still listening
      await().atMost(LIMIT).until(() -> Seen.routes(1, "onlink").size() == GOOD + 1);
      site.etcd().put("/g/subnets/10.244.100.0-24", "junk"); // keeps its last accepted lease
      await().atMost(LIMIT).until(() -> refused().size() == seen + 1);
      assertThat(Seen.routes(1, "onlink")).hasSize(GOOD + 1);

      assertPrintable(Files.readString(site.log("n1")));
      assertPrintable(site.status("n1"));
      assertThat(ours.log()).doesNotContain("Exception").doesNotContain("\tat ");
      Map<String, Long> causes =
          ours.log()
              .lines()
              .filter(line -> line.startsWith("W") || line.startsWith("E"))
              .collect(
                  Collectors.groupingBy(
                      line -> line.substring(line.indexOf(']') + 1), Collectors.counting()));
      assertThat(causes.keySet()).anyMatch(line -> line.contains("keys of the store are refused"));
      assertThat(causes.values()).allMatch(count -> count <= 2);
      assertThat(causes.size()).isLessThan(10);
      ours.signal("TERM");
      assertThat(ours.awaitExit()).isZero();
    }
  }

  private List<Json> refused() throws Exception {
    return ((Json.Arr) Seen.member(Json.parse(site.status("n1")), "refused")).items();
  }

  /** Nothing that a terminal would obey, and no forged line. */
  private static void assertPrintable(String text) {
    assertThat(text.lines()).noneMatch(line -> line.startsWith("E0101 forged"));
    assertThat(text.chars().filter(c -> Character.isISOControl(c) && c != '\n' && c != '\t'))
        .isEmpty();
  }
}
