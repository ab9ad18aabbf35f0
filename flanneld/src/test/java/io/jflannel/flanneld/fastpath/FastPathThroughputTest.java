// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.fastpath;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.fastpath.TwoNodes.Pods;
import io.jflannel.flanneld.fastpath.TwoNodes.Underlay;
import io.jflannel.flanneld.lab.Requirements;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * TCP from pod to pod, in turn by the fast path and by the kernel's vxlan. {@code bench/run udp}
 * measures properly; this one only sees that the fast path deserves its name.
 */
final class FastPathThroughputTest {

  private static final int ROUNDS = Integer.getInteger("fastpath.rounds", 1);
  private static final int SECONDS = Integer.getInteger("fastpath.seconds", 1);
  private static final Pattern RATE = Pattern.compile("([0-9.]+) Mbits/sec +receiver");

  @ParameterizedTest
  @CsvSource({
    "1500, BRIDGED, gro off",
    "9000, BRIDGED, gro off",
    "1500, ROUTED, gro off",
    "9000, ROUTED, gro off",
    "1500, BRIDGED, tx off tso off gso off gro on",
    "9000, BRIDGED, tx off tso off gso off gro on",
  })
  void itIsAboutAsFastAsVxlan(int mtu, Pods link, String features) throws InterruptedException {
    Requirements.commands("ip", "iperf3", "ethtool", "bridge");
    List<Double> fast = new ArrayList<>();
    List<Double> vxlan = new ArrayList<>();
    try (TwoNodes nodes = new TwoNodes(Underlay.VETH, mtu, link)) {
      nodes.wire(features);
      for (int i = 0; i < ROUNDS; i++) {
        fast.add(rate(nodes));
        nodes.useVxlan();
        vxlan.add(rate(nodes));
        nodes.useFastPath();
      }
    }
    double ratio = median(fast) / median(vxlan);
    System.out.printf(
        "mtu %d, pods %s, wire %s: fast path %s, vxlan %s Mbit/s, medians' ratio %.2f%n",
        mtu, link, features, fast, vxlan, ratio);
    assertThat(ratio).isGreaterThan(0.3);
  }

  private static double rate(TwoNodes nodes) throws InterruptedException {
    Process server = nodes.pod(2).start("iperf3", "-s", "-1");
    try {
      nodes.pod(2).sh("until ss -ltn | grep -q :5201; do :; done");
      String report = nodes.pod(1).sh("iperf3 -c 10.5.2.9 -f m -t " + SECONDS);
      Matcher rate = RATE.matcher(report);
      assertThat(rate.find()).as(report).isTrue();
      return Double.parseDouble(rate.group(1));
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
