// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFamilies;
import io.jflannel.flanneld.lab.plan.LabSpec;
import io.jflannel.flanneld.lab.plan.LabStore;
import io.jflannel.flanneld.lab.plan.SubnetFile;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An etcd that is away for a minute (P10). */
@Timeout(180)
class OutageEndToEndTest {

  private static final Duration OUTAGE = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A line in ten seconds, and as many when it begins and ends. */
  private static final int LINES = 8;

  @BeforeAll
  static void machineCanRunIt() {
    Requirements.lab("etcd", "etcdctl");
  }

  @ParameterizedTest
  @EnumSource(names = {"ETCD", "ETCD2"})
  void aMinuteWithoutEtcdCostsNothingAndIsForgotten(LabStore store) throws Exception {
    var spec = LabSpec.of(LabBackend.VXLAN, LabFamilies.IPV4, store).withNodes(2);
    try (Lab lab = Lab.start(spec)) {
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
      Node node = lab.node(1);
      SubnetFile before = node.subnetFile().orElseThrow();
      int logged = node.daemonLog().length();

      lab.etcd().stop();
      Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> !node.ready()); // P36
      Duration spent = ProcessCpu.of(node.daemonPid());
      long start = System.nanoTime();
      Awaitility.await()
          .atMost(OUTAGE.plusSeconds(30))
          .pollInterval(Duration.ofSeconds(5))
          .until(() -> System.nanoTime() - start >= OUTAGE.toNanos());
      double share =
          (double) ProcessCpu.of(node.daemonPid()).minus(spent).toNanos()
              / (System.nanoTime() - start);
      System.out.printf(
          Locale.ROOT, "an outage of %s costs %.2f %% of a CPU%n", store, 100 * share);
      lab.etcd().restart();
      Awaitility.await().atMost(PATIENCE).until(() -> node.ready() && lab.node(2).ready());

      List<String> lines = node.daemonLog().substring(logged).lines().toList();
      assertThat(share).isLessThan(0.01);
      assertThat(lines).hasSizeLessThanOrEqualTo(LINES);
      assertThat(node.subnetFile()).contains(before);
      assertThat(Check.run(lab, PATIENCE)).allMatch(Check.Line::passed);
    }
  }
}
