// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabFirewall;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * {@code jflannel lab --check} for each backend, family and store: three daemons, and every pair of
 * containers pings, passes a full-size packet that must not be fragmented, and carries TCP.
 */
class LabCheckEndToEndTest {

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("etcd", "etcdctl", "iptables", "ip6tables", "nft");
  }

  static Stream<Arguments> labs() {
    List<Arguments> all = new ArrayList<>();
    for (LabBackend backend : LabBackend.values()) {
      List<LabFamilies> possible =
          backend == LabBackend.UDP ? List.of(LabFamilies.IPV4) : List.of(LabFamilies.values());
      for (LabFamilies families : possible) {
        for (LabStore store : LabStore.values()) {
          if (store != LabStore.KUBE || families != LabFamilies.IPV6) {
            all.add(Arguments.of(backend, families, store));
          }
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest(name = "{0}, {1}, {2}")
  @MethodSource("labs")
  void everyPairOfContainersIsConnected(LabBackend backend, LabFamilies families, LabStore store) {
    if (store == LabStore.KUBE) {
      Requirements.environment("KUBELAB", "JFLANNEL_ROOT");
    }
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    PrintStream print = new PrintStream(output, true, StandardCharsets.UTF_8);
    int status =
        new CommandLine(new LabCommand(print, print)).execute(arguments(backend, families, store));

    int lines = 6 * families.list().size() * Check.Kind.values().length;
    assertThat(output.toString(StandardCharsets.UTF_8))
        .contains(lines + " passed, 0 failed")
        .doesNotContain("FAIL");
    assertThat(status).isZero();
  }

  @ParameterizedTest // egress, seen by the host outside; P29, and FORWARD's policy is DROP (P28)
  @CsvSource({
    "vxlan, iptables, --dual",
    "vxlan, nftables, --dual",
    "host-gw, iptables, --nodes=3",
    "vxlan-direct, nftables, --ipv6",
    "udp, nftables, --nodes=3"
  })
  void containersGetOutUnderTheirNodesAddress(String backend, String firewall, String more) {
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    PrintStream print = new PrintStream(output, true, StandardCharsets.UTF_8);
    int status =
        new CommandLine(new LabCommand(print, print))
            .execute(
                "--check", "--ip-masq", "--backend=" + backend, "--firewall=" + firewall, more);

    int families = more.equals("--dual") ? 2 : 1;
    int lines = families * (6 * Check.Kind.values().length + 3 * 2);
    assertThat(output.toString(StandardCharsets.UTF_8))
        .contains(lines + " passed, 0 failed")
        .contains(", masquerade;")
        .doesNotContain("FAIL");
    assertThat(status).isZero();
  }

  @Test // so the check of the labs above can fail, and is about our rules
  void withoutForwardRulesNothingPassesWhereThePolicyIsDrop() throws InterruptedException {
    LabSpec spec =
        LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, LabStore.LOCAL)
            .withNodes(2)
            .withRules(LabFirewall.IPTABLES, true);
    try (Lab lab = Lab.start(spec, "--iptables-forward-rules=false")) {
      assertThat(lab.node(1).exec("iptables", "-S", "FORWARD")).contains("-P FORWARD DROP");
      assertThat(Check.run(lab, Duration.ZERO)).isNotEmpty().noneMatch(Check.Line::passed);
    }
  }

  private static String[] arguments(LabBackend backend, LabFamilies families, LabStore store) {
    List<String> arguments =
        new ArrayList<>(List.of("--check", "--backend=" + backend, "--store=" + store));
    switch (families) {
      case IPV4 -> {}
      case IPV6 -> arguments.add("--ipv6");
      case DUAL -> arguments.add("--dual");
    }
    return arguments.toArray(String[]::new);
  }
}
