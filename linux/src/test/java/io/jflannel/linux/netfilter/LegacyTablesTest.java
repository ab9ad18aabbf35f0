// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.netfilter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.testing.InNamespace;
import io.jflannel.linux.testing.Shell;
import io.jflannel.net.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whether a legacy table is as it was, on the real kernel. */
@ExtendWith(InNamespace.class)
final class LegacyTablesTest {

  private static final int LIMIT = 1 << 20;

  private final LegacyTables tables = new LegacyTables();

  private long filter(Family family) {
    return tables.fingerprint(family, "filter", LIMIT).orElseThrow();
  }

  private static void run(Family family, String arguments) {
    Shell.run((family == Family.V4 ? "iptables" : "ip6tables") + "-legacy " + arguments);
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void changesWithEveryRule(Family family) {
    run(family, "-A INPUT -p tcp --dport 1 -j ACCEPT");
    run(family, "-A INPUT -p tcp --dport 2 -j ACCEPT");
    long before = filter(family);

    run(family, "-A INPUT -p tcp --dport 3 -j ACCEPT");
    assertThat(filter(family)).isNotEqualTo(before);
    run(family, "-D INPUT 3");
    assertThat(filter(family)).isEqualTo(before);
    run(family, "-D INPUT 1");
    run(family, "-A INPUT -p tcp --dport 1 -j ACCEPT");
    assertThat(filter(family)).as("reordered").isNotEqualTo(before);
    run(family, "-D INPUT 1");
    run(family, "-A INPUT -p tcp --dport 2 -j ACCEPT");
    assertThat(filter(family)).as("in order again").isEqualTo(before);
    run(family, "-R INPUT 2 -p tcp --dport 4 -j ACCEPT");
    assertThat(filter(family)).as("replaced").isNotEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void changesWithPoliciesAndChains(Family family) {
    long before = filter(family);

    run(family, "-P FORWARD DROP");
    assertThat(filter(family)).isNotEqualTo(before);
    run(family, "-P FORWARD ACCEPT");
    assertThat(filter(family)).isEqualTo(before);
    run(family, "-N MINE");
    assertThat(filter(family)).isNotEqualTo(before);
  }

  @Test
  void doesNotChangeWithCounters() {
    Shell.run("ip link set lo up");
    run(Family.V4, "-A OUTPUT -j ACCEPT");
    long before = filter(Family.V4);

    Shell.run("ping -c 1 127.0.0.1");
    String counters = Shell.run("iptables-legacy -vxnL OUTPUT");

    assertThat(counters).containsPattern("(?m)^\\s+[1-9]\\d* +\\d+ ACCEPT");
    assertThat(filter(Family.V4)).isEqualTo(before);
  }

  @Test
  void largeTablesAreNotRead() {
    run(Family.V4, "-A INPUT -j ACCEPT");

    assertThat(tables.fingerprint(Family.V4, "filter", 100)).isEmpty();
  }

  @Test
  void anUnknownTableIsAnError() {
    assertThatThrownBy(() -> tables.fingerprint(Family.V4, "nonsense", LIMIT))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("nonsense")
        .hasMessageContaining("ENOENT");
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void tellsWhichChainsThereAre(Family family) {
    run(family, "-N MINE");
    run(family, "-A MINE -j ACCEPT");
    run(family, "-N OTHER");
    run(family, "-A FORWARD -j MINE -m comment --comment ONLY-A-COMMENT");

    for (String chain : List.of("MINE", "OTHER")) {
      assertThat(tables.hasChain(family, "filter", chain, LIMIT)).contains(true);
    }
    for (String chain : List.of("MIN", "MINES", "ONLY-A-COMMENT", "FORWARD", "X".repeat(40))) {
      assertThat(tables.hasChain(family, "filter", chain, LIMIT)).as(chain).contains(false);
    }
    assertThat(tables.hasChain(family, "filter", "MINE", 100)).isEmpty();
  }

  @Test // each look took its own, until the garbage collector came by
  void keepsToOnePieceOfMemory() throws IOException {
    String rules = "-A INPUT -s 192.0.2.1\n".repeat(300);
    Shell.run("iptables-legacy-restore <<END\n*filter\n" + rules + "COMMIT\nEND");
    long first = filter(Family.V4);
    long before = residentKb();

    for (int i = 0; i < 2_000; i++) { // 100 MB
      assertThat(filter(Family.V4)).isEqualTo(first);
    }

    assertThat(residentKb() - before).isLessThan(40_000);
  }

  private static long residentKb() throws IOException {
    return Long.parseLong(
        Files.readString(Path.of("/proc/self/status"))
            .replaceAll("(?s).*\\nVmRSS:\\s+(\\d+) kB.*", "$1"));
  }
}
