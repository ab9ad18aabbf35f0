// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.compat;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jflannel.flanneld.config.Options.EtcdApi;
import io.jflannel.flanneld.daemon.DaemonProcess;
import io.jflannel.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * 200 store clients in one process and five real daemons take subnets out of a pool of 210 at the
 * same moment: they wait for the configuration, which comes last (issue 3, "it must show" 5).
 */
@Timeout(120)
class RaceEndToEndTest {

  private static final int CLIENTS = 200;
  private static final int DAEMONS = 5;
  private static final int NODES = CLIENTS + DAEMONS;
  private static final int POOL = 210;
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String CONFIG =
      """
      {"Network":"10.244.0.0/16","SubnetMin":"10.244.1.0","SubnetMax":"10.244.210.0",\
      "Backend":{"Type":"vxlan"}}\
      """;

  /** Where a daemon of its own comes late, and where the clients are. */
  private static final int LATE = DAEMONS + 1;

  private static final Pattern HOLDS =
      Pattern.compile("client (?<address>\\S+) holds (?<subnet>\\S+), warning: none");

  @TempDir Path directory;
  private Site site;

  @BeforeEach
  void prepare() throws Exception {
    site = new Site(directory, LATE);
  }

  @AfterEach
  void clean() throws Exception {
    site.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"V2", "V3"})
  void everybodyGetsOneSubnetUntilThePoolIsExhausted(EtcdApi api) throws Exception { // P8, ODD-16
    String flag = "--etcd-api=" + api.name().toLowerCase(Locale.ROOT);
    try (DaemonProcess clients = clients(api)) {
      clients.awaitLog(RaceClients.WAITING);
      List<DaemonProcess> daemons = new ArrayList<>();
      for (int i = 1; i <= DAEMONS; i++) {
        daemons.add(site.flanneld(i, flag));
      }
      daemons.forEach(daemon -> daemon.awaitLog("(asking again each second)"));

      put(api, "/g/config", CONFIG);

      daemons.forEach(DaemonProcess::awaitReady);
      clients.awaitLog(RaceClients.DONE);
      Map<String, String> owners = owners(api);
      assertThat(owners).hasSize(NODES);
      assertThat(new HashSet<>(owners.values())).hasSize(NODES);
      assertThat(claims(clients.log()))
          .hasSize(CLIENTS)
          .allSatisfy((subnet, address) -> assertThat(owners).containsEntry(subnet, address));
      for (int i = 1; i <= DAEMONS; i++) {
        assertDaemonHolds("n" + i, owners.get(subnet("n" + i)), "10.77.0." + i);
      }
      assertThat(complaints(clients.log())).isEmpty();
      for (DaemonProcess daemon : daemons) {
        String log = daemon.log();
        assertThat(complaints(log.substring(log.indexOf("Got the network configuration"))))
            .isEmpty();
      }

      exhaust(api, owners);
      try (DaemonProcess late = site.flanneld(LATE, flag)) { // P14
        late.awaitLog(
            "out of subnets: 210 of 210 IPv4 subnets of length 24 between 10.244.1.0 and"
                + " 10.244.210.0 are used (210 leases in 10.244.0.0/16)");
        await()
            .atMost(LIMIT)
            .ignoreExceptionsInstanceOf(IOException.class)
            .until(() -> site.status("n" + LATE).contains("\"reasons\":[\"lease: out of subnets"));
        assertThat(site.subnetFile("n" + LATE)).doesNotExist();
      }
      assertThat(owners(api)).hasSize(POOL).containsAllEntriesOf(owners);
    }
  }

  private DaemonProcess clients(EtcdApi api) throws IOException {
    return DaemonProcess.start(
        List.of("ip", "netns", "exec", Site.node(LATE)),
        RaceClients.class,
        directory.resolve("clients.log"),
        Map.of(),
        Integer.toString(CLIENTS),
        api.name());
  }

  private void put(EtcdApi api, String key, String value) throws InterruptedException {
    if (api == EtcdApi.V2) {
      site.etcd().put2(key, value);
    } else {
      site.etcd().put(key, value);
    }
  }

  /** Nodes that nobody runs take what is left. */
  private void exhaust(EtcdApi api, Map<String, String> owners) throws InterruptedException {
    List<String> free =
        IntStream.rangeClosed(1, POOL)
            .mapToObj(i -> "10.244." + i + ".0/24")
            .filter(subnet -> !owners.containsKey(subnet))
            .toList();
    assertThat(free).hasSize(POOL - NODES);
    for (String subnet : free) {
      String[] parts = subnet.split("[./]", -1);
      put(
          api,
          "/g/subnets/" + subnet.replace('/', '-'),
          "{\"PublicIP\":\"10.79.0.%s\",\"BackendType\":\"host-gw\"}".formatted(parts[2]));
    }
  }

  /** Public addresses by subnet, from the keys. */
  private Map<String, String> owners(EtcdApi api) throws InterruptedException {
    Map<String, String> keys =
        api == EtcdApi.V2
            ? keys2(site.etcd().list2("/g/subnets"))
            : site.etcd().list("/g/subnets/");
    return keys.entrySet().stream()
        .collect(
            toMap(
                key -> key.getKey().replace("/g/subnets/", "").replace('-', '/'),
                key -> text(Json.parse(key.getValue()), "PublicIP")));
  }

  private static Map<String, String> keys2(String listing) {
    Map<String, String> keys = new HashMap<>();
    for (Json node : ((Json.Arr) member(member(Json.parse(listing), "node"), "nodes")).items()) {
      keys.put(text(node, "key"), text(node, "value"));
    }
    return keys;
  }

  private static Json member(Json json, String name) {
    return ((Json.Obj) json).member(name).orElseThrow();
  }

  private static String text(Json json, String name) {
    return ((Json.Str) member(json, name)).value();
  }

  /** What the clients say they hold without a problem: addresses by subnet. */
  private static Map<String, String> claims(String log) {
    return HOLDS
        .matcher(log)
        .results()
        .collect(toMap(match -> match.group("subnet"), match -> match.group("address")));
  }

  private void assertDaemonHolds(String name, String owner, String address) throws IOException {
    assertThat(owner).isEqualTo(address);
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> {
          Json status = Json.parse(site.status(name));
          assertThat(member(status, "ready").text()).isEqualTo("true");
          assertThat(text(member(status, "lease"), "subnet")).isEqualTo(subnet(name));
          assertThat(text(member(status, "lease"), "publicIp")).isEqualTo(address);
          assertThat(((Json.Arr) member(status, "peers")).items())
              .hasSize(NODES - 1)
              .allMatch(peer -> member(peer, "programmed").text().equals("true"));
        });
  }

  /** The network of the subnet file. */
  private String subnet(String name) throws IOException {
    Matcher line =
        Pattern.compile("(?m)^FLANNEL_SUBNET=(?<net>[0-9.]+)\\.1/24$")
            .matcher(Files.readString(site.subnetFile(name)));
    assertThat(line.find()).isTrue();
    return line.group("net") + ".0/24";
  }

  /**
   * Warnings and errors, but for connections that so many processes on few processors did not get
   * in time.
   */
  private static List<String> complaints(String log) {
    return log.lines()
        .filter(line -> line.matches("[WEF][0-9]{4} .*"))
        .filter(line -> !line.endsWith("HTTP connect timed out"))
        .toList();
  }
}
